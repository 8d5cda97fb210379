"""Kaplan–Meier against scipy, and medians that some curves do not have."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf

from runner.statistics.survival import median_time

Episodes = list[list[tuple[int, bool]]]


def drawn_episodes(seed: int, n: int = 12) -> Episodes:
    drawn = np.random.default_rng(seed)
    return [
        [(int(drawn.integers(1, 9)), bool(drawn.random() < 0.7)) for _ in range(int(drawn.integers(1, 5)))]
        for _ in range(n)
    ]


@pytest.mark.parametrize("seed", range(10))
def test_the_curve_is_scipys(seed: int) -> None:
    episodes = drawn_episodes(seed)
    flat = [each for case in episodes for each in case]
    data = CensoredData(
        uncensored=[time for time, seen in flat if seen], right=[time for time, seen in flat if not seen]
    )
    survival = ecdf(data).sf
    found = median_time(episodes)
    assert [point.x for point in found.curve] == list(range(1, max(time for time, _ in flat) + 1))
    for point in found.curve:
        assert point.value == pytest.approx(float(survival.evaluate(point.x)))
        assert point.n == sum(time >= point.x for time, _ in flat)
        assert point.low is not None and point.high is not None
        assert 0 <= point.low <= point.value <= point.high <= 1
    assert all(first.value >= second.value for first, second in zip(found.curve, found.curve[1:], strict=False))
    if found.value is not None:
        assert float(survival.evaluate(found.value)) <= 0.5 < float(survival.evaluate(found.value - 1))


def test_a_median_by_hand() -> None:
    """At 1 one of eight, at 2 three of the six left (one was lost): 7/8 · 3/6 < 1/2."""
    times = [(1, True), (1, False), (2, True), (2, True), (2, True), (3, True), (3, False), (4, True)]
    found = median_time([[each] for each in times] * 4)
    assert found.value == 2
    assert found.curve[1].value == pytest.approx(7 / 8 * 3 / 6)
    assert found.low is not None and found.high is not None
    assert 1 <= found.low <= 2 <= found.high <= 4


@pytest.mark.parametrize(
    ("episodes", "reason"),
    [
        ([], "no such episode"),
        ([[], []], "no such episode"),
        ([[(3, True), (4, True)]], "one scenario shows no spread"),
        ([[(3, False)], [(5, False)]], "fewer than half recover"),
        ([[(1, True)], [(5, False)], [(5, False)]], "fewer than half recover"),
        ([[(1, True)], [(2, True)], [(5, False)]], "too few recover to bound it"),
    ],
)
def test_where_there_is_no_median_there_is_a_reason(episodes: Episodes, reason: str) -> None:
    found = median_time(episodes)
    assert (found.value, found.low, found.high, found.reason) == (None, None, None, reason)
    assert all(point.value == point.value for point in found.curve)


def test_earlier_recoveries_never_make_the_median_later() -> None:
    for seed in range(6):
        episodes = drawn_episodes(seed)
        sooner = [[(max(1, time - 1), seen) for time, seen in case] for case in episodes]
        late, soon = median_time(episodes).value, median_time(sooner).value
        assert late is None or soon is None or soon <= late
