"""U1: a rate over scenarios, each tried one or more times."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import ndtri, stdtrit

from runner.statistics.estimate import FEW_SCENARIOS, LEVEL, Estimate

NO_VARIANCE = 1e-18
"""Scenarios that differ by rounding alone agree."""


def rate(outcomes: Sequence[Sequence[float]], level: float = LEVEL) -> Estimate:
    """The mean over scenarios of each scenario's mean, with a Wilson interval of an effective n.

    `outcomes[i]` are the 0/1 outcomes of scenario i's trials; scenarios without a trial are left out. The effective
    n is p(1-p)/SE², SE over the scenarios' means, scaled by (z / t_{N-1})² because SE is itself estimated; it lies
    between N and the number of trials, and is N where all scenarios agree. Wilson 1927; Miller 2024, Adding Error Bars
    to Evals. One scenario has no spread, so there is no interval and hence no value.
    """
    means = [sum(trials) / len(trials) for trials in outcomes if trials]
    return rate_of_means(means, sum(len(each) for each in outcomes), level)


def rate_of_means(means: Sequence[float], trials: int, level: float = LEVEL) -> Estimate:
    """The same of one mean, between 0 and 1, for each scenario; there were so many trials in all."""
    n = len(means)
    if n < 2:
        return Estimate(n=n, reason="no trial counts" if n == 0 else FEW_SCENARIOS)
    p = min(max(math.fsum(means) / n, 0.0), 1.0)
    variance = sum((mean - p) ** 2 for mean in means) / (n - 1) / n
    effective = p * (1 - p) / variance if variance > NO_VARIANCE and 0 < p < 1 else float(n)
    effective = min(max(effective, n), trials)
    z = z_of(level)
    effective *= (z / float(stdtrit(n - 1, (1 + level) / 2))) ** 2
    low, high = wilson(p, effective, z)
    return Estimate(value=p, low=low, high=high, n=n)


def z_of(level: float) -> float:
    """The normal quantile of a two-sided interval."""
    return float(ndtri((1 + level) / 2))


def wilson(p: float, n: float, z: float) -> tuple[float, float]:
    """Wilson's score interval for a proportion p of n (n need not be whole). Wilson 1927."""
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))
