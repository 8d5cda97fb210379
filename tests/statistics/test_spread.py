"""Spreads of groups by hand, and the doubt that is left where nothing varies."""

from __future__ import annotations

import pytest

from runner.statistics.bootstrap import resampled
from runner.statistics.calibration import auroc, brier, overconfidence
from runner.statistics.rates import wilson, z_of
from runner.statistics.spread import spread

UNSEEN = wilson(0.0, 20, z_of(0.95))[1]


def test_a_spread_is_the_highest_minus_the_lowest_mean_over_scenarios() -> None:
    """Group means over scenarios: (1 + 0 + 1) / 3, (1/2 + 0 + 0) / 3, and 1."""
    found = spread([[[1, 1], [1, 0], [1]], [[0], [0], [1]], [[1], [0], [1, 1, 1]]])
    assert found.value == pytest.approx(1 - 0.5 / 3)
    assert found.n == 3


def test_a_group_that_few_scenarios_have_makes_no_spread() -> None:
    found = spread([[[1], [1]], [[0], []], [[1], []], [[0], []]])
    assert found.value is None and found.reason


def test_groups_that_are_alike_in_every_scenario_may_still_differ() -> None:
    found = spread([[[1], [1]]] * 20)
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(UNSEEN)


def test_a_score_that_is_the_same_in_every_scenario_is_in_doubt() -> None:
    perfect = [[(1.0, True)]] * 20
    assert (brier(perfect).low, brier(perfect).high) == pytest.approx((0, UNSEEN))
    sure = [[(0.9, True)]] * 10 + [[(0.9, True), (0.9, True)]] * 10
    assert (brier(sure).low, brier(sure).high) == pytest.approx((0.01 * (1 - UNSEEN), 0.01 + 0.99 * UNSEEN))
    gap = overconfidence([[(1.0, False)]] * 20)
    assert (gap.value, gap.high) == (1, 1) and gap.low == pytest.approx(1 - 2 * UNSEEN)
    split = auroc([[(0.9, True), (0.1, False)]] * 20)
    assert (split.value, split.high) == (1, 1) and split.low == pytest.approx(1 - UNSEEN)


def test_what_has_no_bounds_keeps_its_own_interval() -> None:
    found = resampled(20, lambda weights: weights[:, 0] * 0 + 3.0)
    assert (found.value, found.low, found.high) == (3, 3, 3)
