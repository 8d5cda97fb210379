"""U3, medians and curves: intervals by resampling scenarios.

Percentile intervals of small samples are too narrow; the levels of their ends are widened to those of Student's t with
N - 1 degrees of freedom and a spread that divides by N - 1 ("expanded percentile interval", Hesterberg 2015, What
Teachers Should Know About the Bootstrap).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from runner.statistics.estimate import FEW_SCENARIOS, LEVEL, NOTHING, Estimate
from runner.statistics.rates import wilson, z_of

RESAMPLES = 4000
SEED = 20230101
"""Fixed, so that the same run always prints the same interval."""
NO_SPREAD = 1e-9
"""Intervals of shares that are no wider differ by rounding at most."""

Numbers = NDArray[np.float64]
Statistic = Callable[[Numbers], Numbers]
"""Weights, one row a resample and one column a scenario, to one value a row; NaN where there is none."""


def share(numerators: Sequence[float], denominators: Sequence[float], level: float = LEVEL) -> Estimate:
    """A ratio of two counts, the first part of the second, one pair per scenario.

    Scenarios in which there was nothing to count are no evidence and not part of n. Where resampling shows no spread,
    as it does when all scenarios have the same share, its interval would claim a certainty that nobody has; Wilson's
    interval over the scenarios then stands in. Wilson 1927.
    """
    pairs = [(top, bottom) for top, bottom in zip(numerators, denominators, strict=True) if bottom]
    found = ratio([top for top, _ in pairs], [bottom for _, bottom in pairs], level)
    if found.value is None or found.low is None or found.high is None:
        return found
    if found.high - found.low > NO_SPREAD:
        return found.model_copy(update={"low": max(0.0, found.low), "high": min(1.0, found.high)})
    low, high = wilson(found.value, found.n, z_of(level))
    return found.model_copy(update={"low": low, "high": high})


def ratio(
    numerators: Sequence[float],
    denominators: Sequence[float],
    level: float = LEVEL,
    few: str = "too little to divide by",
) -> Estimate:
    """The ratio of two sums, neither negative, one pair per scenario.

    A resample whose denominators sum to 0 counts as one above all others. Where there are more of them than the upper
    tail holds, there is no upper bound and hence no value, for the reason `few`.
    """
    n = len(numerators)
    if sum(denominators) == 0:
        return Estimate(n=n, reason=NOTHING)
    if n < 2:
        return Estimate(n=n, reason=FEW_SCENARIOS)
    weights = draws(n)
    top: Numbers = weights @ np.asarray(numerators, np.float64)
    bottom: Numbers = weights @ np.asarray(denominators, np.float64)
    possible = bottom != 0
    kept = float(possible.mean())
    tail = tail_of(n, level)
    if 1 - kept > tail:
        return Estimate(n=n, reason=few)
    low, high = np.quantile(top[possible] / bottom[possible], [tail / kept, min(1.0, (1 - tail) / kept)])
    value = sum(numerators) / sum(denominators)
    return Estimate(value=value, low=min(float(low), value), high=max(float(high), value), n=n)


def median(values: Sequence[float], level: float = LEVEL) -> Estimate:
    """The median of one value per scenario."""
    return quantile(values, 0.5, level)


def quantile(values: Sequence[float], q: float, level: float = LEVEL) -> Estimate:
    """A quantile of one value per scenario."""
    n = len(values)
    if n < 2:
        return Estimate(n=n, reason="no trial counts" if n == 0 else FEW_SCENARIOS)
    data = np.asarray(values, np.float64)
    tail = tail_of(n, level)
    resampled = np.quantile(data[_positions(n)], q, axis=1)
    low, high = np.quantile(resampled, [tail, 1 - tail])
    value = float(np.quantile(data, q))
    return Estimate(value=value, low=min(float(low), value), high=max(float(high), value), n=n)


def resampled(n: int, statistic: Statistic, level: float = LEVEL, few: str = NOTHING) -> Estimate:
    """Any statistic of n scenarios, given as a function of their weights."""
    if n < 2:
        return Estimate(n=n, reason="no trial counts" if n == 0 else FEW_SCENARIOS)
    value = float(statistic(np.ones((1, n)))[0])
    if math.isnan(value):
        return Estimate(n=n, reason=few)
    found = statistic(draws(n))
    possible = found[~np.isnan(found)]
    tail = tail_of(n, level)
    if 1 - len(possible) / len(found) > tail:
        return Estimate(n=n, reason="too few to bound it")
    low, high = np.quantile(possible, [tail, 1 - tail])
    return Estimate(value=value, low=min(float(low), value), high=max(float(high), value), n=n)


def tail_of(n: int, level: float = LEVEL) -> float:
    """The level of the lower end of an interval over n units. Hesterberg 2015."""
    return float(norm.cdf(math.sqrt(n / (n - 1)) * float(t.ppf((1 - level) / 2, n - 1))))


@lru_cache(maxsize=64)
def draws(n: int) -> Numbers:
    """RESAMPLES rows: how often each of n scenarios was drawn, with replacement."""
    counts = np.zeros((RESAMPLES, n))
    np.add.at(counts, (np.arange(RESAMPLES)[:, None], _positions(n)), 1)
    counts.setflags(write=False)
    return counts


@lru_cache(maxsize=64)
def _positions(n: int) -> NDArray[np.int64]:
    """RESAMPLES rows of n scenarios' positions, drawn with replacement."""
    return np.random.default_rng(SEED).integers(n, size=(RESAMPLES, n))
