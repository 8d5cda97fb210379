"""U3 and medians: resampling scenarios."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from scipy.stats import bootstrap

from runner.statistics.estimate import LEVEL, Estimate

RESAMPLES = 2000
SEED = 20230101
"""Fixed, so that the same run always prints the same interval."""


def ratio(numerators: Sequence[float], denominators: Sequence[float], level: float = LEVEL) -> Estimate:
    """The ratio of two sums, one pair per scenario, with a percentile interval over scenarios."""
    n = len(numerators)
    if sum(denominators) == 0:
        return Estimate(n=n, reason="nothing to divide by")
    if n < 2:
        return Estimate(n=n, reason="one scenario shows no spread")

    def statistic(top: np.ndarray, bottom: np.ndarray, axis: int = -1) -> np.ndarray:
        below = bottom.sum(axis=axis)
        return np.divide(top.sum(axis=axis), below, out=np.full(np.shape(below), np.nan), where=below != 0)

    value = sum(numerators) / sum(denominators)
    low, high = _percentiles((np.asarray(numerators, float), np.asarray(denominators, float)), statistic, level)
    return Estimate(value=value, low=low, high=high, n=n)


def median(values: Sequence[float], level: float = LEVEL) -> Estimate:
    """The median of one value per scenario, with a percentile interval over scenarios."""
    n = len(values)
    if n < 2:
        return Estimate(n=n, reason="no value" if n == 0 else "one scenario shows no spread")
    low, high = _percentiles((np.asarray(values, float),), np.median, level)
    return Estimate(value=float(np.median(values)), low=low, high=high, n=n)


def _percentiles(data: tuple[np.ndarray, ...], statistic: object, level: float) -> tuple[float, float]:
    """The interval; a sample in which all values are alike has one of width 0. Resamples without a value are left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = bootstrap(
            data,
            statistic,  # type: ignore[arg-type]
            paired=True,
            vectorized=True,
            n_resamples=RESAMPLES,
            confidence_level=level,
            method="percentile",
            rng=np.random.default_rng(SEED),
        )
    drawn = found.bootstrap_distribution
    tail = (1 - level) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return float(low), float(high)
