"""Confidence sequences, against the capital process computed the long way."""

from __future__ import annotations

import math

import numpy as np
import pytest

from runner.statistics.sequences import confidence_sequence


def capital(values: list[float], m: float, up: bool, alpha: float = 0.05) -> float:
    """Log capital of a bettor on a mean above (below) m: one value in [0, 1] after another, by the book."""
    total, seen = 0.0, []  # type: float, list[float]
    variance_sum = 0.25
    for at, value in enumerate(values, start=1):
        stake = math.sqrt(2 * math.log(2 / alpha) / (variance_sum / at * at * math.log(at + 1)))
        if up:
            total += math.log(1 + min(stake, 0.5 / m) * (value - m))
        else:
            total += math.log(1 - min(stake, 0.5 / (1 - m)) * (value - m))
        seen.append(value)
        variance_sum += (value - (0.5 + sum(seen)) / (at + 1)) ** 2
    return total


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.0, 1.0), (-3.0, 5.0)])
def test_the_bounds_are_where_a_bettor_reaches_the_limit(low: float, high: float) -> None:
    drawn = np.random.default_rng(1)
    scaled = (drawn.random((60, 3)) < drawn.beta(1, 2, (60, 1))).mean(axis=1).tolist()
    values = [low + (high - low) * each for each in scaled]
    for each in confidence_sequence(values, [25, 60], low, high):
        assert each.low is not None and each.high is not None
        below, above = (each.low - low) / (high - low), (each.high - low) / (high - low)
        assert 0 < below < above < 1
        assert capital(scaled[: each.n], below, up=True) == pytest.approx(math.log(40), abs=1e-9)
        assert capital(scaled[: each.n], above, up=False) == pytest.approx(math.log(40), abs=1e-9)


def test_every_mean_between_the_bounds_stands_and_none_outside_does() -> None:
    values = (np.random.default_rng(2).random(40) < 0.7).astype(float).tolist()
    found = confidence_sequence(values, [40], 0.0, 1.0)[0]
    assert found.low is not None and found.high is not None
    for m in np.linspace(0.005, 0.995, 199).tolist():
        richest = max(capital(values, m, up=True), capital(values, m, up=False))
        assert (richest < math.log(40)) == (found.low < m < found.high)


def test_what_comes_later_changes_no_earlier_interval() -> None:
    values = np.random.default_rng(3).choice([-1.0, 0.0, 1.0], 50).tolist()
    every = confidence_sequence(values)
    assert [each.n for each in every] == list(range(1, 51))
    assert confidence_sequence(values[:20]) == every[:20]
    assert confidence_sequence(values, [10, 20, 50]) == (every[9], every[19], every[49])


def test_the_mean_lies_within_its_interval_and_that_within_the_range() -> None:
    for values in ([1.0] * 300, [-1.0] * 300, [1.0, -1.0] * 150, [0.0] * 300, [1.0] * 10 + [-1.0] * 200):
        for each in confidence_sequence(values):
            assert each.value is not None and each.low is not None and each.high is not None
            assert -1 <= each.low <= each.value <= each.high <= 1


def test_signs_turned_round_turn_the_interval_round() -> None:
    values = np.random.default_rng(4).uniform(-1, 1, 30).tolist()
    for one, other in zip(confidence_sequence(values), confidence_sequence([-each for each in values]), strict=True):
        assert one.low is not None and one.high is not None
        assert (other.low, other.high) == pytest.approx((-one.high, -one.low), abs=1e-9)


def test_the_interval_narrows_and_is_wider_for_a_higher_level() -> None:
    values = np.random.default_rng(5).choice([-1.0, 0.0, 0.0, 1.0], 400).tolist()

    def widths(level: float) -> list[float]:
        found = confidence_sequence(values, [20, 100, 400], level=level)
        return [(each.high or 0.0) - (each.low or 0.0) for each in found]

    assert widths(0.95) == sorted(widths(0.95), reverse=True)
    assert all(wide > narrow for wide, narrow in zip(widths(0.99), widths(0.9), strict=True))
    assert widths(0.95)[-1] < 0.35


def test_a_look_before_the_first_scenario_has_a_reason() -> None:
    assert confidence_sequence([]) == ()
    first, second = confidence_sequence([0.5], [0, 1])
    assert (first.value, first.reason, first.n) == (None, "no trial counts", 0)
    assert (second.value, second.low, second.high) == (0.5, -1.0, 1.0)


@pytest.mark.parametrize(
    ("values", "looks", "low", "high"),
    [
        ([1.1], [], -1.0, 1.0),
        ([math.nan], [], -1.0, 1.0),
        ([0.5], [2], -1.0, 1.0),
        ([0.5], [-1], -1.0, 1.0),
        ([0.5], [], 1.0, 1.0),
    ],
)
def test_values_outside_the_range_and_looks_outside_the_values_are_errors(
    values: list[float], looks: list[int], low: float, high: float
) -> None:
    with pytest.raises(ValueError):
        confidence_sequence(values, looks, low, high)
