"""U2: a difference between two sides that met the same scenarios."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import bdtr, stdtrit

from runner.statistics.bootstrap import NO_SPREAD, Numbers, draws, signs, tail_of
from runner.statistics.estimate import FEW_SCENARIOS, LEVEL, Estimate
from runner.statistics.rates import wilson, z_of

EXACT = 12
"""Differences up to which all sign flips are tried."""
CLUSTERS = 30
"""Repositories from which on whole repositories are resampled."""


def difference(differences: Sequence[Sequence[float]], clusters: Sequence[str] = (), level: float = LEVEL) -> Estimate:
    """The mean over scenarios of each scenario's mean difference, each difference between -1 and 1.

    `differences[i]` are those of scenario i's pairs; scenarios without a pair are left out. A t interval over the
    scenarios (Miller 2024, Adding Error Bars to Evals) and a sign-flip permutation p; from 30 `clusters` (one name a
    scenario, its repository's) on, an interval by resampling those and a p by flipping those. Else exact McNemar
    (McNemar 1947) where every scenario has one pair of outcomes. Where all scenarios agree, the spread is bounded by
    Wilson's interval of none in N.
    """
    kept = [position for position, each in enumerate(differences) if each]
    means = np.asarray([sum(differences[at]) / len(differences[at]) for at in kept], np.float64)
    n = len(means)
    if n < 2:
        return Estimate(n=n, reason="no pair of trials" if n == 0 else FEW_SCENARIOS)
    value = float(means.mean())
    names = [clusters[at] for at in kept] if clusters else []
    single = all(len(differences[at]) == 1 for at in kept) and set(means.tolist()) <= {-1.0, 0.0, 1.0}
    if len(set(names)) >= CLUSTERS:
        sums, sizes = _clustered(means, names)
        low, high = _resampled_clusters(sums, sizes, level)
        p = _sign_flips(sums)
    else:
        p = _mcnemar(means) if single else _sign_flips(means)
        half = float(stdtrit(n - 1, (1 + level) / 2)) * float(means.std(ddof=1)) / math.sqrt(n)
        low, high = value - half, value + half
    if high - low <= NO_SPREAD:
        half = wilson(0.0, n, z_of(level))[1]
        low, high = value - half, value + half
    return Estimate(value=value, low=max(-1.0, min(low, value)), high=min(1.0, max(high, value)), n=n, p=p)


def _mcnemar(differences: Numbers) -> float:
    """Exact: of the pairs that differ, as many one way as the other."""
    better, worse = int((differences > 0).sum()), int((differences < 0).sum())
    return min(1.0, 2 * float(bdtr(min(better, worse), better + worse, 0.5))) if better + worse else 1.0


def _sign_flips(values: Numbers) -> float:
    """The share of sign flips whose sum is as far from 0 as the one found; all of them where they are few."""
    n = len(values)
    if n <= EXACT:
        flips: Numbers = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(np.float64)
        extra = 0
    else:
        flips = signs(n)
        extra = 1  # the assignment that was found is one of them
    hits = int((np.abs(flips @ values) >= abs(float(values.sum())) - NO_SPREAD).sum())
    return (hits + extra) / (len(flips) + extra)


def _clustered(means: Numbers, names: Sequence[str]) -> tuple[Numbers, Numbers]:
    """Sum and number of the differences of each cluster."""
    places = {name: at for at, name in enumerate(dict.fromkeys(names))}
    at = [places[name] for name in names]
    sums: Numbers = np.bincount(at, weights=means).astype(np.float64)
    return sums, np.bincount(at).astype(np.float64)


def _resampled_clusters(sums: Numbers, sizes: Numbers, level: float) -> tuple[float, float]:
    weights, tail = draws(len(sums)), tail_of(len(sums), level)
    low, high = np.quantile((weights @ sums) / (weights @ sizes), [tail, 1 - tail])
    return float(low), float(high)
