"""Plans from a pilot, by hand and against another implementation's t."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from runner.statistics.pilots import NO_SPREAD, ONE_REPEAT, detectable_from_pilot, needed_from_pilot, spread
from runner.statistics.power import (
    NO_DIFFERENCE,
    TOO_LARGE,
    Spread,
)

LEFT = [[1.0, 1.0], [1.0, 0.0], [0.0, 0.0], [1.0, 1.0]]
RIGHT = [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]


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
