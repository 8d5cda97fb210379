"""U1: rates over scenarios, against hand calculations, against scipy, and against what repeated studies would show."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest, t

from runner.statistics.rates import rate, wilson, z_of

Z = 1.959963984540054


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (1, 2, 0.0945, 0.9055),
        (50, 100, 0.4038, 0.5962),
    ],
)
def test_wilson_gives_the_published_values(hits: int, n: int, low: float, high: float) -> None:
    found = wilson(hits / n, n, Z)
    assert found == pytest.approx((low, high), abs=5e-5)
    assert found == pytest.approx(tuple(binomtest(hits, n).proportion_ci(method="wilson")), abs=1e-9)


@pytest.mark.parametrize("n", [0.01, 0.5, 1, 7.3, 1e6])
@pytest.mark.parametrize("p", [0.0, 1e-12, 0.3, 1 / 3, 1 - 1e-12, 1.0])
def test_wilson_holds_its_value_and_stays_within_0_and_1(p: float, n: float) -> None:
    low, high = wilson(p, n, Z)
    assert 0 <= low <= p <= high <= 1
    assert low < high


def test_z_is_the_two_sided_normal_quantile() -> None:
    assert z_of(0.95) == pytest.approx(Z)
    assert z_of(0.9) == pytest.approx(1.6448536)


def test_a_rate_by_hand() -> None:
    """Means 1, 0, 1/2, 1/2: p = 1/2, SE² = (1/4 + 1/4) / 3 / 4 = 1/24, so n_eff = 6, then times (z/t)²."""
    found = rate([[1, 1], [0, 0], [1, 0], [0, 1]])
    assert (found.value, found.n) == (0.5, 4)
    n = 6 * (Z / 3.182446305) ** 2
    half = Z / (1 + Z * Z / n) * math.sqrt(1 / (4 * n) + Z * Z / (4 * n * n))
    assert (found.low, found.high) == pytest.approx((0.5 - half, 0.5 + half))


def test_a_scenario_counts_once_however_often_it_was_tried() -> None:
    assert rate([[1] * 50, [0]]).value == 0.5
    assert rate([[1] * 50, [0], []]).n == 2, "a scenario without a trial is left out"


def test_the_effective_n_is_never_more_than_the_trials_nor_less_than_the_scenarios() -> None:
    level = (Z / float(t.ppf(0.975, 3))) ** 2
    alike = rate([[1, 0], [0, 1], [1, 0], [0, 1]])
    assert (alike.low, alike.high) == pytest.approx(wilson(0.5, 4 * level, Z)), "no spread at all: N"
    nearly = rate([[1, 0] * 10] * 3 + [[1, 0] * 9 + [1, 1]])
    assert nearly.value is not None
    assert (nearly.low, nearly.high) == pytest.approx(wilson(nearly.value, 80 * level, Z))


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_repeats_of_scenarios_that_all_agree_make_nobody_surer(outcome: float) -> None:
    once, often = rate([[outcome]] * 10), rate([[outcome] * 100] * 10)
    assert often == once
    assert once.low is not None and once.high is not None
    assert once.high - once.low > 0.25


def test_more_scenarios_make_the_interval_narrower() -> None:
    widths = []
    for n in (4, 16, 64):
        found = rate([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 1.0]] * (n // 4))
        assert found.low is not None and found.high is not None
        widths.append(found.high - found.low)
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(
    ("outcomes", "n", "reason"),
    [
        ([], 0, "no trial counts"),
        ([[], []], 0, "no trial counts"),
        ([[1, 0, 1]], 1, "one scenario shows no spread"),
        ([[], [1]], 1, "one scenario shows no spread"),
    ],
)
def test_what_has_no_spread_has_a_reason_and_no_value(outcomes: list[list[float]], n: int, reason: str) -> None:
    found = rate(outcomes)
    assert (found.value, found.low, found.high, found.n, found.reason) == (None, None, None, n, reason)


def test_a_higher_level_gives_a_wider_interval() -> None:
    outcomes = [[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]
    narrow, wide = rate(outcomes, 0.8), rate(outcomes, 0.99)
    assert narrow.low is not None and wide.low is not None and narrow.high is not None and wide.high is not None
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("n", [20, 40])
@pytest.mark.parametrize("mean", [0.0, 2.0])
def test_the_interval_covers_the_truth_as_often_as_it_says(n: int, mean: float) -> None:
    """600 studies of n scenarios, 5 repeats, logistic-normal difficulty of sd 2."""
    drawn = np.random.default_rng(11)
    truth = float(expit(mean + 2 * np.random.default_rng(5).standard_normal(2_000_000)).mean())
    covered = naive = 0
    for _ in range(600):
        chances = expit(mean + 2 * drawn.standard_normal(n))
        trials = (drawn.random((n, 5)) < chances[:, None]).astype(float)
        found = rate(trials.tolist())
        assert found.low is not None and found.high is not None
        covered += found.low <= truth <= found.high
        low, high = wilson(float(trials.mean()), trials.size, Z)
        naive += low <= truth <= high
    assert 0.93 <= covered / 600 <= 0.995
    assert naive / 600 < 0.9, "pooling all trials would claim too much: the simulation can tell"
