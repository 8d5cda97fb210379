"""U2: paired differences by hand, and their p against every sign there could have been."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binomtest, permutation_test, ttest_1samp

from runner.statistics.paired import difference
from runner.statistics.rates import wilson, z_of


def test_a_t_interval_by_hand() -> None:
    """Means 0, 1/2, 1/2, 1: 1/2 ± 3.182 · √(1/6) / 2."""
    found = difference([[0, 0], [1, 0], [0.5], [1, 1]])
    half = 3.182446305 * math.sqrt(1 / 6) / 2
    assert (found.value, found.n) == (0.5, 4)
    assert (found.low, found.high) == pytest.approx((0.5 - half, 1.0)), "and never above 1"
    low, high = ttest_1samp([0.1, -0.2, 0.3, 0.0], 0).confidence_interval()
    found = difference([[0.1], [-0.2], [0.3], [0.0]])
    assert (found.low, found.high) == pytest.approx((low, high))


@pytest.mark.parametrize("seed", range(8))
def test_p_is_the_share_of_all_signs_that_say_as_much(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    n = int(drawn.integers(2, 13))
    differences = (drawn.integers(-3, 5, (n, 3)) / 4).clip(-1, 1)
    means = differences.mean(axis=1)
    far = sum(abs(np.dot(signs, means)) >= abs(means.sum()) - 1e-9 for signs in itertools.product([-1, 1], repeat=n))
    assert difference(differences.tolist()).p == pytest.approx(far / 2**n)


def test_p_of_many_scenarios_comes_near_that_of_all_signs() -> None:
    means = np.random.default_rng(4).normal(0.15, 0.4, 16).clip(-1, 1)
    exact = permutation_test((means,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue
    found = difference([[each] for each in means.tolist()])
    assert 0.02 < exact < 0.6
    assert found.p == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 10_000))


def test_p_is_never_0() -> None:
    found = difference([[0.9, 0.8]] * 40)
    assert found.p == pytest.approx(1 / 10_001)


@pytest.mark.parametrize(("better", "worse", "same"), [(5, 1, 4), (0, 6, 3), (3, 3, 0), (0, 0, 5), (1, 0, 1)])
def test_single_pairs_of_outcomes_have_mcnemars_p(better: int, worse: int, same: int) -> None:
    found = difference([[1.0]] * better + [[-1.0]] * worse + [[0.0]] * same)
    expected = binomtest(better, better + worse, 0.5).pvalue if better + worse else 1.0
    assert found.p == pytest.approx(expected)
    assert found.value == pytest.approx((better - worse) / (better + worse + same))


def test_swapped_sides_swap_the_sign_alone() -> None:
    cases = [[0.5, 0.0], [1.0, 0.5], [-0.5, 0.0], [0.25], [0.0]]
    one, other = difference(cases), difference([[-each for each in case] for case in cases])
    assert one.value is not None and one.low is not None and one.high is not None
    assert (other.value, other.low, other.high) == pytest.approx((-one.value, -one.high, -one.low))
    assert other.p == one.p


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 1 / 3, 0.1])
@pytest.mark.parametrize("n", [2, 7, 30])
def test_scenarios_that_all_agree_leave_a_doubt(n: int, value: float) -> None:
    """Also where rounding alone tells their means from each other."""
    found = difference([[value, value, value]] * n)
    doubt = wilson(0.0, n, z_of(0.95))[1]
    assert found.low is not None and found.high is not None
    assert found.value == pytest.approx(value)
    assert (found.low, found.high) == pytest.approx((max(-1.0, value - doubt), min(1.0, value + doubt)))


@pytest.mark.parametrize(
    ("cases", "reason"),
    [([], "no pair of trials"), ([[], []], "no pair of trials"), ([[1.0], []], "one scenario shows no spread")],
)
def test_without_a_spread_there_is_a_reason(cases: list[list[float]], reason: str) -> None:
    found = difference(cases)
    assert (found.value, found.low, found.high, found.p, found.reason) == (None, None, None, None, reason)


def test_from_30_repositories_on_whole_repositories_are_resampled() -> None:
    """Two scenarios a repository that always agree: half as many independent units, intervals √2 as wide."""
    drawn = np.random.default_rng(2)
    by_repo = np.repeat(drawn.normal(0, 0.3, 40).clip(-1, 1), 2)
    cases = [[each] for each in by_repo.tolist()]
    names = [f"repo{at // 2}" for at in range(80)]

    def width(clusters: list[str]) -> float:
        found = difference(cases, clusters)
        assert found.low is not None and found.high is not None
        assert found.value == pytest.approx(by_repo.mean())
        return found.high - found.low

    assert width(names) == pytest.approx(math.sqrt(2) * width([]), rel=0.08)
    few = [f"repo{at % 29}" for at in range(80)]
    assert width(few) == width([]), "of 29 repositories resampling cannot be relied on"


def test_repositories_that_all_agree_leave_a_doubt_too() -> None:
    found = difference([[0.25]] * 60, [f"repo{at // 2}" for at in range(60)])
    assert found.low is not None and found.high is not None
    assert found.low < 0.25 < found.high


def test_a_scenario_without_a_pair_takes_its_repository_along() -> None:
    names = [f"repo{at}" for at in range(31)]
    cases = [[0.5]] * 15 + [[-0.5]] * 15
    assert difference([*cases, []], names) == difference(cases, names[:30])


@pytest.mark.parametrize(("n", "clustered"), [(8, False), (20, False), (40, False), (60, True)])
def test_p_is_5_percent_or_less_in_5_percent_of_studies_without_a_difference(n: int, clustered: bool) -> None:
    """Two scenarios a repository that always agree, where they are clustered; repeats of five pairs each."""
    drawn = np.random.default_rng(8)
    names = [f"repo{at // 2}" for at in range(n)] if clustered else []
    small = 0
    for _ in range(1000):
        shift = drawn.standard_normal(n)
        if clustered:
            shift = np.repeat(shift[::2], 2)
        base = 2 * drawn.standard_normal(n)
        first, second = (drawn.binomial(5, 1 / (1 + np.exp(-logit))) for logit in (base + shift, base))
        found = difference(((first - second) / 5)[:, None].tolist(), names)
        assert found.p is not None
        small += found.p <= 0.05
    assert (25 if n > 12 else 1) <= small <= 70, "exact for few scenarios, and careful where differences tie"
