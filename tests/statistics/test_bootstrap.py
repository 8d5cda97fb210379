"""U3 and medians: resampled scenarios, always the same for the same numbers, and never surer than they can be."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest

from runner.statistics.bootstrap import median, ratio, share
from runner.statistics.estimate import Estimate
from runner.statistics.rates import wilson

Z = 1.959963984540054


def bounds(found: Estimate) -> tuple[float, float]:
    assert found.low is not None and found.high is not None, found.reason
    return found.low, found.high


def test_a_ratio_is_one_of_sums_not_a_mean_of_ratios() -> None:
    found = ratio([1, 0, 9], [2, 8, 10])
    assert (found.value, found.n) == (0.5, 3)


def test_the_interval_is_that_of_all_possible_resamples_for_two_scenarios() -> None:
    """Drawn from {0, 1} twice: 0 a quarter of the time, 1/2 half of it, 1 a quarter."""
    assert bounds(ratio([0, 1], [1, 1])) == (0.0, 1.0)
    assert bounds(ratio([0, 1], [1, 1], level=0.4)) == (0.5, 0.5)
    assert bounds(median([0, 1])) == (0.0, 1.0)


def test_the_interval_comes_near_the_normal_one_for_many_scenarios() -> None:
    drawn = np.random.default_rng(1)
    top = drawn.poisson(3, 400).astype(float)
    low, high = bounds(ratio(top.tolist(), [1.0] * 400))
    error = float(top.std(ddof=1)) / 20
    assert (low, high) == pytest.approx((top.mean() - Z * error, top.mean() + Z * error), abs=0.2 * error)


@pytest.mark.parametrize("function", [share, ratio])
def test_nothing_to_divide_by_is_said_and_no_number_is_given(function: object) -> None:
    for tops, bottoms in (([], []), ([0.0], [0.0]), ([0.0, 0.0], [0.0, 0.0]), ([5.0, 1.0], [0.0, 0.0])):
        found = function(tops, bottoms)  # type: ignore[operator]
        assert (found.value, found.low, found.high) == (None, None, None)
        assert found.reason == "nothing to divide by"
        assert found.n == (len(tops) if function is ratio else 0), "no scenario is evidence of a share of nothing"


@pytest.mark.parametrize("function", [share, ratio])
def test_one_scenario_gives_no_number(function: object) -> None:
    found = function([1.0], [2.0])  # type: ignore[operator]
    assert (found.value, found.reason, found.n) == (None, "one scenario shows no spread", 1)


@pytest.mark.parametrize(("values", "reason"), [([], "no trial counts"), ([3.0], "one scenario shows no spread")])
def test_a_median_of_none_or_one_has_a_reason(values: list[float], reason: str) -> None:
    found = median(values)
    assert (found.value, found.low, found.high, found.reason) == (None, None, None, reason)


@pytest.mark.parametrize("n", [2, 5, 40])
def test_no_hits_in_n_scenarios_leave_wilsons_doubt(n: int) -> None:
    none, every = share([0.0] * n, [7.0] * n), share([7.0] * n, [7.0] * n)
    assert (none.value, every.value) == (0.0, 1.0)
    assert bounds(none) == pytest.approx(wilson(0.0, n, Z))
    assert bounds(every) == pytest.approx(wilson(1.0, n, Z))
    assert bounds(none)[1] > 0.05 and bounds(every)[0] < 0.95


def test_scenarios_with_nothing_to_count_make_nobody_surer() -> None:
    """One approval, asked and granted, in one of twenty scenarios: the nineteen others say nothing of it."""
    alone = share([1.0, *[0.0] * 19], [1.0, *[0.0] * 19])
    assert alone.value is None or bounds(alone)[0] < 0.5
    two = share([1.0, 1.0, *[0.0] * 18], [1.0, 1.0, *[0.0] * 18])
    assert bounds(two) == pytest.approx(wilson(1.0, 2, Z))


def test_scenarios_that_all_show_the_same_share_still_leave_a_doubt() -> None:
    low, high = bounds(share([1.0, 1.0, 1.0], [2.0, 2.0, 2.0]))
    assert low < 0.5 < high


def test_where_too_many_resamples_have_no_denominator_there_is_no_number() -> None:
    """One of three with a denominator: (2/3)³ = 30 % of the resamples have none. Two of three: 1/27 = 3.7 %."""
    for tops, bottoms in (([3.0, 0.0, 0.0], [1.0, 0.0, 0.0]), ([0.4, 0.6, 0.2], [1.0, 1.0, 0.0])):
        found = ratio(tops, bottoms, few="too few of them")
        assert (found.value, found.low, found.high, found.n) == (None, None, None, 3)
        assert found.reason == "too few of them"


def test_a_few_resamples_without_a_denominator_count_as_the_highest() -> None:
    """Three of four: (1/4)⁴ = 0.4 % have none. Of the rest, 4.7 % have one in four, which makes it 4 or more."""
    low, high = bounds(ratio([1.0] * 4, [1.0, 1.0, 1.0, 0.0]))
    assert (low, high) == (1.0, 4.0)
    drawn = np.random.default_rng(3).integers(6, size=(100_000, 6))
    top, bottom = (
        np.asarray([9.0, 1, 1, 1, 1, 1])[drawn].sum(axis=1),
        np.asarray([0.0, 0, 0, 1, 1, 1])[drawn].sum(axis=1),
    )
    with np.errstate(divide="ignore"):
        exact = np.quantile(top / bottom, [0.025, 0.975], method="nearest")
    assert bounds(ratio([9, 1, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1])) == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize("values", [[1, 2, 3, 100], [5, 5, 5], [0.1, 0.2], list(range(1000))])
def test_a_median_lies_within_its_interval_and_that_within_the_values(values: Sequence[float]) -> None:
    found = median(values)
    low, high = bounds(found)
    assert found.value == pytest.approx(float(np.median(values)))
    assert min(values) <= low <= float(np.median(values)) <= high <= max(values)


def test_the_order_of_calls_and_the_global_seed_change_nothing() -> None:
    data = ([1.0, 2.0, 0.0, 5.0], [5.0, 5.0, 1.0, 9.0])
    first = ratio(*data)
    np.random.seed(3)
    median([1, 2, 3])
    assert ratio(*data) == first
    assert share(*data) == share(*data)


def test_another_process_finds_the_same_interval() -> None:
    code = "from runner.statistics.bootstrap import ratio; print(ratio([1, 2, 0, 5], [5, 5, 1, 9]).model_dump_json())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert Estimate.model_validate_json(done.stdout) == ratio([1, 2, 0, 5], [5, 5, 1, 9])
