"""For those who look every night: intervals that hold at all looks at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from runner.statistics.bootstrap import Numbers
from runner.statistics.estimate import LEVEL, Estimate

STAKE = 0.5
"""The largest share of the capital that one value may lose."""
STEPS = 48
"""Halvings of the range in the search for a bound."""


def confidence_sequence(
    values: Sequence[float],
    looks: Sequence[int] = (),
    low: float = -1.0,
    high: float = 1.0,
    level: float = LEVEL,
) -> tuple[Estimate, ...]:
    """The mean of per-scenario values in [low, high], after each look: with chance `level`, every interval is right.

    `values` come in the order in which the scenarios were run, which must not depend on their outcomes; `looks` are how
    many were in at each look (every one when empty). The interval of a look depends on nothing that came after it, so
    a list that grows by night gives the old ones again.

    The hedged capital process: of those who bet on a mean above m, or below it, with stakes from earlier values alone,
    λ_t = √(2 ln(2/α) / (s²_{t-1} t ln(t+1))), none gets as rich as 2/α with chance over α/2 if m is the mean (Ville);
    the interval is of the m against which neither did. Waudby-Smith and Ramdas 2024, Estimating Means of Bounded Random
    Variables by Betting, Theorem 3 and equation 24. No shape and no number of looks is assumed.
    """
    if not low < high:
        raise ValueError(f"no range from {low} to {high}")
    data = np.asarray(values, np.float64)
    if not bool(((data >= low) & (data <= high)).all()):
        raise ValueError(f"a value is outside {low} to {high}")
    n = len(data)
    ends = np.asarray(looks if len(looks) else range(1, n + 1), np.int64)
    if bool(((ends < 0) | (ends > n)).any()):
        raise ValueError(f"a look is outside the {n} values")
    seen = ends[ends > 0]
    scaled: Numbers = (data - low) / (high - low)
    stakes = _stakes(scaled, 1 - level)
    limit = math.log(2 / (1 - level))
    lower = _lower(scaled, stakes, seen, limit)
    upper = 1 - _lower(1 - scaled, stakes, seen, limit)
    found = []
    for end, below, above in zip(seen.tolist(), lower.tolist(), upper.tolist(), strict=True):
        value = float(data[:end].mean())
        bounds = low + (high - low) * below, low + (high - low) * above
        found.append(Estimate(value=value, low=min(bounds[0], value), high=max(bounds[1], value), n=end))
    known = iter(found)
    return tuple(next(known) if end else Estimate(reason="no trial counts") for end in ends.tolist())


def _stakes(values: Numbers, alpha: float) -> Numbers:
    """λ of each value in [0, 1], from the mean and the variance of those before it (and of one imagined, 1/2 ± 1/2)."""
    counts = np.arange(1, len(values) + 1)
    means = (0.5 + np.cumsum(values)) / (counts + 1)
    variances = (0.25 + np.cumsum((values - means) ** 2)) / (counts + 1)
    before = np.concatenate([[0.25], variances[:-1]]) if len(values) else variances
    stakes: Numbers = np.sqrt(2 * math.log(2 / alpha) / (before * counts * np.log(counts + 1)))
    return stakes


def _lower(values: Numbers, stakes: Numbers, looks: NDArray[np.int64], limit: float) -> Numbers:
    """At each look, the smallest m in [0, 1] against which a bet on more has not reached the limit.

    ln Π (1 + min(λ_i, c/m)(x_i - m)) never rises with m, so halving finds where it falls under the limit; the end kept
    is the one that is still excluded, or 0.
    """
    below, above = np.zeros(len(looks)), np.ones(len(looks))
    counted = np.arange(len(values))[None, :] < looks[:, None]
    for _ in range(STEPS):
        middle = (below + above) / 2
        bets = np.minimum(stakes[None, :], STAKE / middle[:, None])
        gains = np.where(counted, np.log1p(bets * (values[None, :] - middle[:, None])), 0.0).sum(axis=1)
        won = gains >= limit
        below, above = np.where(won, middle, below), np.where(won, above, middle)
    return below
