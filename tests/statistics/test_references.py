"""The estimators that stood before, against other implementations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import permutation_test, ttest_1samp
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from runner.statistics.paired import difference
from runner.statistics.rates import wilson, z_of


@pytest.mark.parametrize("n", [3, 10, 40, 200])
def test_the_interval_of_a_difference_is_students(n: int) -> None:
    drawn = np.random.default_rng(n)
    data = drawn.choice([-1, -2 / 3, -1 / 3, 0, 0, 0, 1 / 3, 2 / 3], (n, 3)) / 4
    found, means = difference(data.tolist()), data.mean(axis=1)
    assert (found.low, found.high) == pytest.approx(DescrStatsW(means).tconfint_mean(0.05), abs=1e-9)
    interval = ttest_1samp(means, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-9)
    assert found.value == pytest.approx(float(means.mean()), abs=1e-12)


@pytest.mark.parametrize(
    ("better", "worse", "same"), [(7, 1, 12), (3, 3, 4), (0, 6, 1), (1, 0, 5), (0, 0, 8), (30, 14, 50)]
)
def test_one_pair_of_outcomes_a_scenario_is_mcnemars_exact_test(better: int, worse: int, same: int) -> None:
    found = difference([[1.0]] * better + [[-1.0]] * worse + [[0.0]] * same)
    other = mcnemar([[same, better], [worse, 0]], exact=True).pvalue if better + worse else 1.0
    assert found.p == pytest.approx(float(other), abs=1e-9)


def test_few_sign_flips_are_all_of_them() -> None:
    means = np.asarray([0.4, 0.1, -0.2, 0.6, 0.35, 0.15, -0.05, 0.55])
    other = permutation_test(
        (means,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    ).pvalue
    assert difference([[each, each] for each in means.tolist()]).p == pytest.approx(float(other), abs=1e-9)


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (1, 7), (5, 9), (50, 100), (200, 200), (3, 4000)])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_wilsons_interval_is_the_same_elsewhere(hits: int, n: int, level: float) -> None:
    low, high = proportion_confint(hits, n, 1 - level, method="wilson")
    assert wilson(hits / n, n, z_of(level)) == pytest.approx((low, high), abs=1e-9)
