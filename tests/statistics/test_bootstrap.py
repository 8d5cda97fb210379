"""U3 and medians: resampled scenarios, always the same for the same numbers, and never surer than they can be."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import norm, t

from runner.statistics.bootstrap import median, ratio, share, tail_of
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
    """Drawn from {0, 1} twice: 0 a quarter of the time, 1/2 half of it, 1 a quarter.

    Two scenarios leave one degree of freedom: at 20 % the lower end is at norm(√2 · t) = norm(-0.46) = 32 %.
    """
    assert tail_of(2, 0.2) == pytest.approx(0.3229, abs=1e-4)
    assert bounds(ratio([0, 1], [1, 1])) == (0.0, 1.0)
    assert bounds(ratio([0, 1], [1, 1], level=0.2)) == (0.5, 0.5)
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
    """Five of six: 1/6⁶ have none, 0.06 % one, 0.8 % two, which makes it 3; the upper tail is of 0.24 %."""
    assert tail_of(6) == pytest.approx(0.00243, abs=1e-5)
    low, high = bounds(ratio([1.0] * 6, [1.0, 1.0, 1.0, 1.0, 1.0, 0.0]))
    assert (low, high) == (1.0, 3.0)
    tops, bottoms = [9.0, *[1.0] * 11], [*[0.0] * 6, *[1.0] * 6]
    drawn = np.random.default_rng(3).integers(12, size=(100_000, 12))
    top, bottom = np.asarray(tops)[drawn].sum(axis=1), np.asarray(bottoms)[drawn].sum(axis=1)
    assert (bottom == 0).any()
    with np.errstate(divide="ignore"):
        exact = np.quantile(top / bottom, [tail_of(12), 1 - tail_of(12)], method="nearest")
    assert bounds(ratio(tops, bottoms)) == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize("n", [3, 10, 200])
def test_the_ends_are_those_that_a_t_interval_would_have_for_normal_means(n: int) -> None:
    """Resampled means spread by s·√((N-1)/N)/√N around the mean; the ends lie t·s/√N from it. Hesterberg 2015."""
    level = norm.ppf(tail_of(n)) * math.sqrt((n - 1) / n)
    assert level == pytest.approx(t.ppf(0.025, n - 1))
    assert tail_of(n) < 0.025
    assert tail_of(10**7) == pytest.approx(0.025, abs=1e-6)


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
