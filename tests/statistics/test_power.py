"""Power, against the noncentral t of another implementation."""

from __future__ import annotations

import math

import pytest
from statsmodels.stats.power import TTestPower

from runner.statistics.power import (
    TOO_LARGE,
    fewest_scenarios,
    paired_power,
    scenarios_for,
    standard_effect,
)
from runner.statistics.worlds import detectable


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
