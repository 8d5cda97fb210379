"""pass@k, pass^k and agreement against every choice of k trials."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from runner.statistics.rates import rate
from runner.statistics.repeats import agreement, pass_at_k, pass_hat_k


def drawn_outcomes(seed: int) -> list[list[float]]:
    drawn = np.random.default_rng(seed)
    return [
        (drawn.random(int(drawn.integers(2, 7))) < drawn.random()).astype(float).tolist()
        for _ in range(int(drawn.integers(3, 9)))
    ]


@pytest.mark.parametrize("seed", range(10))
def test_both_are_the_mean_over_all_subsets(seed: int) -> None:
    outcomes = drawn_outcomes(seed)
    most = min(map(len, outcomes))
    for function, choose in ((pass_at_k, any), (pass_hat_k, all)):
        found = function(outcomes)
        assert [point.x for point in found.curve] == list(range(1, most + 1))
        for point in found.curve:
            shares = [np.mean([choose(some) for some in combinations(each, int(point.x))]) for each in outcomes]
            assert point.value == pytest.approx(np.mean(shares))
        assert found.value == found.curve[-1].value


@pytest.mark.parametrize("seed", range(10))
def test_agreement_is_the_mean_over_all_pairs(seed: int) -> None:
    outcomes = drawn_outcomes(seed)
    shares = [np.mean([a == b for a, b in combinations(each, 2)]) for each in outcomes]
    assert agreement(outcomes).value == pytest.approx(np.mean(shares))


@pytest.mark.parametrize("seed", range(10))
def test_more_tries_help_one_of_them_and_hurt_all_of_them(seed: int) -> None:
    outcomes = drawn_outcomes(seed)
    rising = [point.value for point in pass_at_k(outcomes).curve]
    falling = [point.value for point in pass_hat_k(outcomes).curve]
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    assert rising[0] == pytest.approx(falling[0])


def test_of_one_try_both_are_the_resolved_rate_with_its_interval() -> None:
    outcomes = [[1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 1.0]]
    expected = rate(outcomes)
    for function in (pass_at_k, pass_hat_k):
        point = function(outcomes).curve[0]
        assert (point.value, point.low, point.high, point.n) == (expected.value, expected.low, expected.high, 4)


@pytest.mark.parametrize("function", [pass_at_k, pass_hat_k, agreement])
def test_one_repeat_shows_nothing(function: object) -> None:
    found = function([[1.0], [0.0], [1.0]])  # type: ignore[operator]
    assert (found.value, found.n, found.reason) == (None, 3, "one repeat shows no consistency")
    assert function([]).value is None  # type: ignore[operator]
    assert function([[1.0, 0.0]]).reason == "one scenario shows no spread"  # type: ignore[operator]


@pytest.mark.parametrize("outcome", [0.0, 1.0])
@pytest.mark.parametrize("function", [pass_at_k, pass_hat_k, agreement])
def test_scenarios_that_all_agree_leave_a_doubt(function: object, outcome: float) -> None:
    found = function([[outcome] * 3] * 9)  # type: ignore[operator]
    assert found.high - found.low > 0.2


def test_agreement_that_rounding_alone_spreads_leaves_a_doubt() -> None:
    """One of three in each scenario: 1/3 everywhere."""
    found = agreement([[1.0, 0.0, 0.0]] * 11)
    assert found.value == pytest.approx(1 / 3)
    assert found.low is not None and found.high is not None
    assert found.high - found.low > 0.3


def test_a_rate_that_rounding_alone_spreads_leaves_the_doubt_of_its_scenarios() -> None:
    for n in range(2, 30):
        found, doubt = rate([[1.0, 0.0, 0.0]] * n), rate([[1 / 3]] * n)
        assert (found.low, found.high) == pytest.approx((doubt.low, doubt.high)), n
