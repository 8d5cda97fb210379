"""Plans without a pilot, against the published table."""

from __future__ import annotations

import pytest

from runner.statistics.power import (
    NO_DIFFERENCE,
)
from runner.statistics.worlds import World, detectable, needed

TABLE = {20: (37, 23, 19, 16), 50: (23, 14, 12, 10), 100: (16, 10, 8, 7), 200: (11, 7, 6, 5)}
REPEATS = (1, 3, 5, 10)


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
