"""Plans, against the published table, the noncentral t of another implementation, and hand calculations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from runner.statistics.power import (
    NO_DIFFERENCE,
    NO_SPREAD,
    ONE_REPEAT,
    TOO_LARGE,
    Spread,
    World,
    detectable,
    detectable_from_pilot,
    fewest_scenarios,
    needed,
    needed_from_pilot,
    paired_power,
    scenarios_for,
    spread,
    standard_effect,
)

TABLE = {20: (37, 23, 19, 16), 50: (23, 14, 12, 10), 100: (16, 10, 8, 7), 200: (11, 7, 6, 5)}
REPEATS = (1, 3, 5, 10)
LEFT = [[1.0, 1.0], [1.0, 0.0], [0.0, 0.0], [1.0, 1.0]]
RIGHT = [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("scenarios", [3, 6, 20, 100, 1000, 20_000])
@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.05 / 7])
def test_power_is_that_of_the_paired_t_test(scenarios: int, alpha: float) -> None:
    compared = 0
    for effect in (0.001, 0.01, 0.1, 0.3, 0.8, 1.5):
        other = TTestPower().power(effect, scenarios, alpha)
        if not math.isnan(other):  # where power is 1, the far tail is too small for it
            compared += 1
            assert paired_power(effect, scenarios, alpha) == pytest.approx(other, abs=1e-9)
            assert paired_power(-effect, scenarios, alpha) == paired_power(effect, scenarios, alpha)
    assert compared >= 2


@pytest.mark.parametrize("scenarios", [6, 20, 100, 1000])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_the_smallest_effect_and_the_number_of_scenarios_are_each_others_inverse(scenarios: int, power: float) -> None:
    effect = standard_effect(scenarios, power)
    assert effect is not None
    assert effect == pytest.approx(TTestPower().solve_power(nobs=scenarios, power=power, alpha=0.05), abs=1e-5)
    assert scenarios_for(effect * (1 + 1e-9), power) == scenarios
    if scenarios > 6:
        assert scenarios_for(effect * (1 - 1e-6), power) == scenarios + 1


@pytest.mark.parametrize("effect", [0.1, 0.3, 0.5, -0.5])
def test_scenarios_for_an_effect_is_the_next_whole_number(effect: float) -> None:
    assert scenarios_for(effect) == math.ceil(TTestPower().solve_power(abs(effect), power=0.8, alpha=0.05))


def test_very_small_effects_have_very_large_but_finite_numbers() -> None:
    assert scenarios_for(1e-6) == pytest.approx(7.8489e12, rel=1e-4)
    assert scenarios_for(0.0) is None
    assert paired_power(0.005, 10**5) == pytest.approx(paired_power(0.005, 10**5 - 1), abs=1e-4)


@pytest.mark.parametrize("step", [0.5, 2.0])
@pytest.mark.parametrize("effect", [0.009, 0.05, 0.4])
def test_the_number_of_scenarios_counts_the_steps_too(effect: float, step: float) -> None:
    found = scenarios_for(effect, step=step)
    assert found is not None
    assert paired_power(effect, found, step=step) >= 0.8 - 1e-6
    assert paired_power(effect, found - 2, step=step) < 0.8
    assert found > (scenarios_for(effect) or 0)


def test_fewer_scenarios_than_can_give_a_small_p_detect_nothing() -> None:
    assert (fewest_scenarios(0.05), fewest_scenarios(0.01), fewest_scenarios(2**-4)) == (6, 8, 5)
    assert standard_effect(5) is None
    for scenarios in (0, 1, 5):
        found = detectable(scenarios, 3)
        assert (found.value, found.reason) == (None, TOO_LARGE)
    assert detectable(6, 3).value is not None
    assert scenarios_for(50.0) == 6


@pytest.mark.parametrize("scenarios", TABLE)
def test_the_published_table_is_found_again(scenarios: int) -> None:
    for repeats, points in zip(REPEATS, TABLE[scenarios], strict=True):
        found = detectable(scenarios, repeats)
        assert found.value is not None
        assert 100 * found.value == pytest.approx(points, abs=1.5)
        back = needed(found.value + 1e-9, repeats).value
        assert back == pytest.approx(scenarios, abs=1e-9)


def test_the_exact_tests_need_a_little_more() -> None:
    assert needed(0.1, 3).value == 101
    assert needed(0.1, 3, exact=True).value == pytest.approx(107, abs=3)
    for scenarios, repeats in ((20, 1), (20, 10), (200, 3)):
        plain, exact = detectable(scenarios, repeats).value, detectable(scenarios, repeats, exact=True).value
        assert plain is not None and exact is not None
        assert plain < exact < plain * 1.15


def test_more_scenarios_repeats_or_sameness_make_smaller_differences_detectable() -> None:
    def points(scenarios: int, repeats: int, world: World | None = None) -> float:
        value = detectable(scenarios, repeats, world=world).value
        assert value is not None
        return value

    assert points(100, 3) < points(50, 3) < points(50, 1)
    assert points(50, 3, World(task_model_sd=0.1)) < points(50, 3) < points(50, 3, World(task_model_sd=3))
    assert points(50, 3, World(task_sd=6)) < points(50, 3), "scenarios that nobody or everybody solves are quiet"


def test_a_difference_no_two_models_can_have_has_a_reason() -> None:
    assert (needed(0.0, 3).value, needed(0.0, 3).reason) == (None, NO_DIFFERENCE)
    assert (needed(1.0, 3).value, needed(1.0, 3).reason) == (None, "no two models differ by so much")
    assert needed(-0.1, 3) == needed(0.1, 3)
    assert needed(0.9, 3, world=World(task_sd=0, task_model_sd=0)).value == 6


@pytest.mark.parametrize(
    ("power", "alpha", "repeats"), [(1.0, 0.05, 3), (0.8, 0.0, 3), (0.01, 0.05, 3), (0.8, 0.05, 0)]
)
def test_a_plan_that_means_nothing_is_an_error(power: float, alpha: float, repeats: int) -> None:
    with pytest.raises(ValueError):
        detectable(20, repeats, power, alpha)


def test_a_pilots_parts_by_hand() -> None:
    """Differences 1/2, 1/2, 0, 1: variance 1/6. Pairs: 1/2, 1/2, 0, 0, mean 1/4; half of it is noise of K = 2."""
    found = spread(LEFT, RIGHT)
    assert found is not None
    assert (found.between, found.within) == pytest.approx((1 / 6 - 1 / 8, 1 / 4))
    assert found.variance(2) == pytest.approx(1 / 6)
    assert Spread(between=0.1, within=0.3).variance(3) == pytest.approx(0.2)


def test_a_pilots_plan_by_hand() -> None:
    deviation = math.sqrt(1 / 24 + 1 / 4 / 5)
    found = detectable_from_pilot(LEFT, RIGHT, 50, 5)
    assert found.value == pytest.approx(TTestPower().solve_power(nobs=50, power=0.8, alpha=0.05) * deviation, abs=1e-5)
    assert found.low is not None and found.high is not None
    assert found.low < found.value < found.high and found.n == 4
    count = needed_from_pilot(LEFT, RIGHT, 0.1, 5)
    assert count.value == math.ceil(TTestPower().solve_power(0.1 / deviation, power=0.8, alpha=0.05))
    exact = detectable_from_pilot(LEFT, RIGHT, 50, 5, exact=True)
    assert exact.value is not None and exact.value > found.value


def test_scenarios_with_one_trial_on_a_side_are_no_part_of_a_pilot() -> None:
    assert spread([*LEFT, [1.0], []], [*RIGHT, [0.0, 1.0], [1.0, 1.0]]) == spread(LEFT, RIGHT)


def test_a_pilot_that_tells_nothing_has_a_reason() -> None:
    same = [[1.0, 1.0]] * 5
    for left, right, reason in (
        ([], [], "no trial counts"),
        ([[1.0]] * 5, [[0.0]] * 5, ONE_REPEAT),
        ([[1.0, 0.0]], [[0.0, 0.0]], "one scenario shows no spread"),
        (same, same, NO_SPREAD),
    ):
        assert spread(left, right) is None or reason == NO_SPREAD
        for found in (detectable_from_pilot(left, right, 50, 3), needed_from_pilot(left, right, 0.1, 3)):
            assert (found.value, found.low, found.high, found.reason) == (None, None, None, reason)
    assert needed_from_pilot(LEFT, RIGHT, 0.0, 3).reason == NO_DIFFERENCE
    assert detectable_from_pilot(LEFT, RIGHT, 5, 3).reason == TOO_LARGE


def test_every_plan_is_a_number_or_has_a_reason() -> None:
    drawn = np.random.default_rng(7)
    for _ in range(40):
        left, right = (drawn.random((2, int(drawn.integers(2, 6)), 2)) < drawn.random()).astype(float).tolist()
        for found in (detectable_from_pilot(left, right, 20, 1), needed_from_pilot(left, right, 0.2, 2)):
            assert (found.value is None) == bool(found.reason)
            if found.value is not None and found.low is not None and found.high is not None:
                assert 0 <= found.low <= found.value <= found.high < math.inf
