"""The estimate of memory: zero where there is none, as often as it says, and not zero where there is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import ttest_ind

from runner.statistics.memory import FEW, FEW_WITHIN, NONE_SEEN, NONE_UNSEEN, excess, excess_within

STUDIES = 1500
MIXED = 1000
REPEATS = 3
SPREAD = 2.0
"""Standard deviation of the scenarios' difficulty, in logits."""
HARDER = 0.8
"""What another form costs everybody, in logits."""
Gaps = list[list[float]]
KINDS = {"easy": 0.2, "middling": 1.0, "hard": 3.0}
"""Kinds of twins, with what each costs everybody, in logits."""


def gaps(drawn: np.random.Generator, n: int, mean: float, remembered: float = 0.0, repeats: int = REPEATS) -> Gaps:
    """(Original - twin) of n scenarios; a share of the originals is remembered, and then solved for certain."""
    hard = mean + SPREAD * drawn.standard_normal(n)
    known = drawn.random(n) < remembered
    chances = np.where(known, 1.0, expit(hard))
    original = drawn.random((n, repeats)) < chances[:, None]
    twin = drawn.random((n, repeats)) < expit(hard - HARDER)[:, None]
    return (original.astype(float) - twin.astype(float)).tolist()  # type: ignore[no-any-return]


def mixed(drawn: np.random.Generator, n: int, mean: float, shares: tuple[float, ...]) -> list[dict[str, list[float]]]:
    """(Original - twin) of n scenarios by kind; of each kind, twins of such a share of the scenarios could be made."""
    hard = mean + SPREAD * drawn.standard_normal(n)
    original = (drawn.random((n, REPEATS)) < expit(hard)[:, None]).astype(float)
    found: list[dict[str, list[float]]] = [{} for _ in range(n)]
    for (kind, cost), share in zip(KINDS.items(), shares, strict=True):
        twin = (drawn.random((n, REPEATS)) < expit(hard - cost)[:, None]).astype(float)
        for at in np.flatnonzero(drawn.random(n) < share):
            found[at][kind] = (original[at] - twin[at]).tolist()
    return found


@pytest.mark.parametrize(
    ("seen", "unseen", "of_seen", "of_unseen"),
    [
        (20, 20, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
        (20, 20, (0.9, 0.5, 0.2), (0.2, 0.5, 0.9)),
        (30, 30, (0.2, 0.2, 0.9), (0.9, 0.2, 0.2)),
        (12, 8, (1.0, 1.0, 1.0), (1.0, 0.5, 0.3)),
        (20, 8, (1.0, 1.0, 0.0), (0.3, 1.0, 1.0)),
    ],
)
def test_a_model_without_memory_has_zero_at_the_nominal_rate_whatever_kinds_of_twins_there_are_of_either(
    seen: int, unseen: int, of_seen: tuple[float, ...], of_unseen: tuple[float, ...]
) -> None:
    drawn = np.random.default_rng(3)
    values, held = [], 0
    for _ in range(MIXED):
        found = excess_within(mixed(drawn, seen, 1.0, of_seen), mixed(drawn, unseen, 1.0, of_unseen))
        assert found.value is not None and found.low is not None and found.high is not None
        values.append(found.value)
        held += found.low <= 0 <= found.high
    assert 0.93 <= held / MIXED <= 0.98
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(MIXED), "no bias"


def test_one_mean_of_all_kinds_would_accuse_or_acquit_by_the_mix_alone() -> None:
    """What a model that remembers nothing had, were the kinds thrown together."""
    drawn = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        sides = mixed(drawn, 20, 1.0, (0.2, 0.5, 0.9)), mixed(drawn, 20, 1.0, (0.9, 0.5, 0.2))
        found = excess(*([[gap for each in one.values() for gap in each] for one in side] for side in sides))
        assert found.low is not None and found.high is not None
        held += found.low <= 0 <= found.high
    assert held / 400 < 0.6


def test_the_kinds_differences_are_combined_by_the_scenarios_on_either_side() -> None:
    seen = [{"a": [1.0, 0.0], "b": [1.0]}, {"a": [1.0]}, {"b": [0.0]}, {"b": [0.0]}, {"c": [1.0]}, {}]
    unseen = [{"a": [0.0], "b": [0.5]}, {"a": [0.5]}, {"b": [0.0]}, {"c": [0.0]}, {"c": [0.0]}]
    found = excess_within(seen, unseen)
    by_a, by_b = 0.75 - 0.25, 1 / 3 - 0.25
    weight_a, weight_b = 2 * 2 / 4, 3 * 2 / 5
    assert found.value == pytest.approx((weight_a * by_a + weight_b * by_b) / (weight_a + weight_b))
    assert found.n == 7, "the one of kind c alone, and its counterparts, are of no use"


def test_a_single_kind_gets_the_interval_of_welch() -> None:
    seen, unseen = [[1.0], [0.0], [0.5], [1.0]], [[0.0], [0.5], [-0.5]]
    found = excess(seen, unseen)
    known = ttest_ind([1.0, 0.0, 0.5, 1.0], [0.0, 0.5, -0.5], equal_var=False)
    interval = known.confidence_interval(0.95)
    assert (found.low, found.high, found.p) == pytest.approx((interval.low, interval.high, known.pvalue))


def test_a_scenario_in_two_kinds_is_no_two_scenarios() -> None:
    seen, unseen = [[1.0], [0.0], [0.5], [1.0]], [[0.0], [0.5], [-0.5]]
    twice = excess_within(*([{"a": each, "b": each} for each in side] for side in (seen, unseen)))
    assert twice.model_dump() == pytest.approx(excess(seen, unseen).model_dump())


def test_kinds_of_which_no_two_scenarios_are_on_either_side_say_so() -> None:
    both: list[dict[str, list[float]]] = [{"a": [1.0], "b": [0.0]}, {"a": [0.0]}]
    assert excess_within(both, [{"b": [0.0]}, {"b": [0.5]}]).reason == FEW_WITHIN
    assert excess_within(both, [{"a": [0.0]}, {"b": [0.5]}]).reason == FEW_WITHIN
    assert excess_within(both, [{}, {"a": []}]).reason == NONE_UNSEEN


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
