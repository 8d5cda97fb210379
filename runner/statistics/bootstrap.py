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
NO_SPREAD = 1e-9
"""Intervals of shares that are no wider differ by rounding at most."""

Numbers = NDArray[np.float64]


def share(numerators: Sequence[float], denominators: Sequence[float], level: float = LEVEL) -> Estimate:
    """A ratio of two counts, the first part of the second, one pair per scenario.

    Scenarios in which there was nothing to count are no evidence and not part of n. Where resampling shows no spread,
    as it does when all scenarios have the same share, its interval would claim a certainty that nobody has; Wilson's
    interval over the scenarios then stands in. Wilson 1927.
    """
    pairs = [(top, bottom) for top, bottom in zip(numerators, denominators, strict=True) if bottom]
    found = ratio([top for top, _ in pairs], [bottom for _, bottom in pairs], level)
    if found.value is None or found.low is None or found.high is None or found.high - found.low > NO_SPREAD:
        return found
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
        return Estimate(n=n, reason="nothing to divide by")
    if n < 2:
        return Estimate(n=n, reason="one scenario shows no spread")
    drawn = _draws(n)
    top: Numbers = np.asarray(numerators, np.float64)[drawn].sum(axis=1)
    bottom: Numbers = np.asarray(denominators, np.float64)[drawn].sum(axis=1)
    possible = bottom != 0
    kept = float(possible.mean())
    tail = (1 - level) / 2
    if 1 - kept > tail:
        return Estimate(n=n, reason=few)
    low, high = np.quantile(top[possible] / bottom[possible], [tail / kept, min(1.0, (1 - tail) / kept)])
    return Estimate(value=sum(numerators) / sum(denominators), low=float(low), high=float(high), n=n)


def median(values: Sequence[float], level: float = LEVEL) -> Estimate:
    """The median of one value per scenario."""
    n = len(values)
    if n < 2:
        return Estimate(n=n, reason="no trial counts" if n == 0 else "one scenario shows no spread")
    data = np.asarray(values, np.float64)
    tail = (1 - level) / 2
    low, high = np.quantile(np.median(data[_draws(n)], axis=1), [tail, 1 - tail])
    return Estimate(value=float(np.median(data)), low=float(low), high=float(high), n=n)


def _draws(n: int) -> NDArray[np.int64]:
    """RESAMPLES rows of n scenarios' positions, drawn with replacement."""
    return np.random.default_rng(SEED).integers(n, size=(RESAMPLES, n))
