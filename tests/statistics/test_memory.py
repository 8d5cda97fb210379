"""The estimate of memory: zero where there is none, as often as it says, and not zero where there is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from runner.statistics.memory import FEW, NONE_SEEN, NONE_UNSEEN, excess

STUDIES = 1500
REPEATS = 3
SPREAD = 2.0
"""Standard deviation of the scenarios' difficulty, in logits."""
HARDER = 0.8
"""What another form costs everybody, in logits."""
Gaps = list[list[float]]


def gaps(drawn: np.random.Generator, n: int, mean: float, remembered: float = 0.0, repeats: int = REPEATS) -> Gaps:
    """(Original - twin) of n scenarios; a share of the originals is remembered, and then solved for certain."""
    hard = mean + SPREAD * drawn.standard_normal(n)
    known = drawn.random(n) < remembered
    chances = np.where(known, 1.0, expit(hard))
    original = drawn.random((n, repeats)) < chances[:, None]
    twin = drawn.random((n, repeats)) < expit(hard - HARDER)[:, None]
    return (original.astype(float) - twin.astype(float)).tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize(("seen", "unseen"), [(20, 20), (10, 10), (31, 6), (6, 31), (100, 100)])
@pytest.mark.parametrize("mean", [-1.0, 0.0, 1.0])
def test_a_model_without_memory_has_zero_in_its_interval_at_the_nominal_rate(
    seen: int, unseen: int, mean: float
) -> None:
    drawn = np.random.default_rng(3)
    held = 0
    for _ in range(STUDIES):
        found = excess(gaps(drawn, seen, mean), gaps(drawn, unseen, mean))
        assert found.low is not None and found.high is not None
        held += found.low <= 0 <= found.high
    assert 0.93 <= held / STUDIES <= 0.98


def test_a_model_that_remembers_ten_of_ten_public_scenarios_is_told_from_one_that_reasons() -> None:
    """20 scenarios and 3 repeats: the scripted models, which always and never solve a twin."""
    remembers = excess([[1.0] * 3] * 10, [[0.0] * 3] * 10)
    reasons = excess([[0.0] * 3] * 10, [[0.0] * 3] * 10)
    assert remembers.low is not None and remembers.low > 0.3
    assert reasons.low is not None and reasons.high is not None and reasons.low < 0 < reasons.high


@pytest.mark.parametrize(("each", "least"), [(10, 0.45), (20, 0.8)])
def test_memory_of_what_is_public_is_found_although_twins_are_harder_for_everybody(each: int, least: float) -> None:
    drawn = np.random.default_rng(5)
    studies = [excess(gaps(drawn, each, -1.5, remembered=0.9), gaps(drawn, each, -1.5)) for _ in range(400)]
    assert np.mean([found.low is not None and found.low > 0 for found in studies]) >= least


def test_scenarios_that_nobody_can_have_seen_are_needed() -> None:
    assert excess([[1.0]] * 5, []).reason == NONE_UNSEEN
    assert excess([], [[1.0]] * 5).reason == NONE_SEEN
    assert excess([], []).reason == NONE_SEEN
    assert excess([[1.0]] * 5, [[0.0]]).reason == FEW
    assert excess([[1.0]] * 5, [[], [0.0]]).reason == FEW


def test_the_value_is_the_difference_of_the_groups_means() -> None:
    found = excess([[1.0, 0.0], [1.0]], [[0.0], [0.5, -0.5], [0.5]])
    assert found.value == pytest.approx(0.75 - 1 / 6)
    assert found.n == 5
