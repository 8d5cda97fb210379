"""U3 and medians: percentile intervals by resampling scenarios."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from runner.statistics.estimate import LEVEL, Estimate
from runner.statistics.rates import wilson, z_of

RESAMPLES = 4000
SEED = 20230101
"""Fixed, so that the same run always prints the same interval."""

Numbers = NDArray[np.float64]


def share(numerators: Sequence[float], denominators: Sequence[float], level: float = LEVEL) -> Estimate:
    """A ratio of two counts, the first part of the second, one pair per scenario.

    Where none or all of the counted things are hits, resampling would show an interval of width 0 and claim a certainty
    that nobody has; Wilson's interval over the scenarios then stands in. Wilson 1927.
    """
    found = ratio(numerators, denominators, level)
    if found.value in (0.0, 1.0):
        low, high = wilson(found.value, found.n, z_of(level))
        return found.model_copy(update={"low": low, "high": high})
    return found


def ratio(numerators: Sequence[float], denominators: Sequence[float], level: float = LEVEL) -> Estimate:
    """The ratio of two sums, one pair per scenario. Resamples whose denominators sum to 0 are left out."""
    n = len(numerators)
    if sum(denominators) == 0:
        return Estimate(n=n, reason="nothing to divide by")
    if n < 2:
        return Estimate(n=n, reason="one scenario shows no spread")
    drawn = _draws(n)
    top: Numbers = np.asarray(numerators, np.float64)[drawn].sum(axis=1)
    bottom: Numbers = np.asarray(denominators, np.float64)[drawn].sum(axis=1)
    possible = bottom != 0
    low, high = _tails(top[possible] / bottom[possible], level)
    return Estimate(value=sum(numerators) / sum(denominators), low=low, high=high, n=n)


def median(values: Sequence[float], level: float = LEVEL) -> Estimate:
    """The median of one value per scenario."""
    n = len(values)
    if n < 2:
        return Estimate(n=n, reason="no trial counts" if n == 0 else "one scenario shows no spread")
    data = np.asarray(values, np.float64)
    low, high = _tails(np.median(data[_draws(n)], axis=1), level)
    return Estimate(value=float(np.median(data)), low=low, high=high, n=n)


def _draws(n: int) -> NDArray[np.int64]:
    """RESAMPLES rows of n scenarios' positions, drawn with replacement."""
    return np.random.default_rng(SEED).integers(n, size=(RESAMPLES, n))


def _tails(values: Numbers, level: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
