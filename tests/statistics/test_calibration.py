"""Stated confidence against outcomes: by hand, against rank formulas, and hidden where it would mislead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import rankdata

from runner.statistics.calibration import ECE_TRIALS, auroc, brier, calibration_error, overconfidence, skill
from runner.statistics.estimate import Estimate

Stated = list[list[tuple[float, bool]]]
HAND: Stated = [[(0.9, True), (0.8, False)], [(0.5, True)], [(0.1, False), (0.6, False)]]


def drawn_trials(seed: int, n: int = 15, repeats: int = 3) -> Stated:
    drawn = np.random.default_rng(seed)
    said = np.round(drawn.random((n, repeats)), 1)
    came = drawn.random((n, repeats)) < said
    return [list(zip(a, b, strict=True)) for a, b in zip(said.tolist(), came.tolist(), strict=True)]


def flat(stated: Stated) -> tuple[np.ndarray, np.ndarray]:
    pairs = [each for case in stated for each in case]
    return np.asarray([said for said, _ in pairs]), np.asarray([came for _, came in pairs])


def test_brier_and_overconfidence_by_hand() -> None:
    """(0.01 + 0.64 + 0.25 + 0.01 + 0.36) / 5."""
    assert brier(HAND).value == pytest.approx(0.254)
    assert overconfidence(HAND).value == pytest.approx(2.9 / 5 - 2 / 5)


def test_skill_by_hand() -> None:
    """The base rate is 2/5, its own score 6/25."""
    stated = [each for _ in range(4) for each in HAND]
    assert skill(stated).value == pytest.approx(1 - 0.254 / 0.24)


def test_always_stating_the_base_rate_has_no_skill_and_no_overconfidence() -> None:
    stated: Stated = [[(0.5, True), (0.5, False)]] * 10
    assert skill(stated).value == pytest.approx(0)
    assert overconfidence(stated).value == pytest.approx(0)
    assert brier(stated).value == pytest.approx(0.25)


@pytest.mark.parametrize("seed", range(6))
def test_auroc_is_that_of_ranks(seed: int) -> None:
    """Mann and Whitney 1947: (sum of the successes' ranks - m (m + 1) / 2) / (m · k), ties at their mean rank."""
    stated = drawn_trials(seed)
    said, came = flat(stated)
    hits, misses = int(came.sum()), int((~came).sum())
    expected = (rankdata(said)[came].sum() - hits * (hits + 1) / 2) / (hits * misses)
    assert auroc(stated).value == pytest.approx(expected)


def test_auroc_of_perfect_none_and_reversed_discrimination() -> None:
    sure: Stated = [[(0.9, True), (0.1, False)]] * 8
    assert auroc(sure).value == 1
    assert auroc([[(1 - said, came) for said, came in case] for case in sure]).value == 0
    assert auroc([[(0.5, came) for _, came in case] for case in sure]).value == 0.5


@pytest.mark.parametrize("outcome", [True, False])
@pytest.mark.parametrize("function", [auroc, skill])
def test_outcomes_that_are_all_alike_have_no_discrimination(
    function: Callable[[Stated], Estimate], outcome: bool
) -> None:
    found = function([[(0.4, outcome)], [(0.6, outcome)]])
    assert (found.value, found.low, found.high, found.reason) == (None, None, None, "all outcomes are alike")


@pytest.mark.parametrize("function", [brier, skill, overconfidence, auroc, calibration_error])
@pytest.mark.parametrize(
    ("stated", "reason"), [([], "no trial counts"), ([[], []], "no trial counts"), ([[(0.5, True)]], None)]
)
def test_nothing_and_one_scenario_have_a_reason(
    function: Callable[[Stated], Estimate], stated: Stated, reason: str | None
) -> None:
    found = function(stated)
    assert (found.value, found.low, found.high) == (None, None, None)
    assert found.reason == (reason or found.reason) != ""


def test_one_success_among_few_scenarios_bounds_nothing() -> None:
    found = auroc([[(0.9, True)], *[[(0.2, False)]] * 5])
    assert found.value is None
    assert found.reason == "too few scenarios to bound it"


def test_a_calibration_error_is_hidden_under_300_trials() -> None:
    """299 of them, perfectly calibrated, would show an error."""
    trials = [each for case in drawn_trials(3, 100, 3) for each in case]
    assert len(trials) == ECE_TRIALS == 300
    short, whole = [trials[:100], trials[100:299]], [trials[:100], trials[100:]]
    assert calibration_error(short).value is None
    assert calibration_error(short).reason == "hidden under 300 trials"
    assert calibration_error(short).curve == ()
    assert calibration_error(whole).value is not None


def test_a_calibration_error_by_hand() -> None:
    """Half of the trials say 0.25 and half 0.75; of each half every second one succeeds: both bins are 0.25 off."""
    case: list[tuple[float, bool]] = [(0.25, True), (0.25, False), (0.75, True), (0.75, False)]
    found = calibration_error([case] * 80)
    assert found.value == pytest.approx(0.25)
    assert [(point.x, point.value, point.n) for point in found.curve] == [(0.25, 0.5, 160), (0.75, 0.5, 160)]


def test_a_calibrated_models_error_may_be_0_and_an_overconfident_ones_may_not() -> None:
    good = drawn_trials(5, 60, 10)
    found = calibration_error(good)
    assert found.value is not None and found.high is not None
    assert 0 == found.low < found.value < found.high
    bad = calibration_error([[(min(1.0, said + 0.3), came) for said, came in case] for case in good])
    assert bad.low is not None and bad.low > 0.1
