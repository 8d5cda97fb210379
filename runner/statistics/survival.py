"""Time to an event that some trials never see: Kaplan–Meier over whole numbers of calls, resampled by scenario."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.statistics.bootstrap import Numbers, draws, tail_of
from runner.statistics.estimate import FEW_SCENARIOS, LEVEL, Estimate, Point

NEVER = "fewer than half recover"


def median_time(episodes: Sequence[Sequence[tuple[int, bool]]], level: float = LEVEL) -> Estimate:
    """The median time, with the curve of those that have not yet seen the event.

    `episodes[i]` are scenario i's (time, seen): at `time`, from 1, the event was seen, or the watching ended without it
    (censored). Kaplan and Meier 1958. No value where the curve stays above one half, or no upper bound.
    """
    kept = [each for each in episodes if each]
    n = len(kept)
    if n == 0:
        return Estimate(reason="no such episode")
    longest = max(time for each in kept for time, _ in each)
    events, ends = np.zeros((n, longest + 1)), np.zeros((n, longest + 1))
    for row, each in enumerate(kept):
        for time, seen in each:
            (events if seen else ends)[row, time] += 1
    point = _survival(np.ones((1, n)), events, ends)[0]
    if n < 2:
        return Estimate(n=n, reason=FEW_SCENARIOS)
    resampled = _survival(draws(n), events, ends)
    tail = tail_of(n, level)
    lows, highs = np.quantile(resampled, [tail, 1 - tail], axis=0)
    risk = (events + ends).sum(axis=0)[::-1].cumsum()[::-1]
    curve = tuple(
        Point(
            x=time,
            value=float(point[time]),
            low=float(min(lows[time], point[time])),
            high=float(max(highs[time], point[time])),
            n=int(risk[time]),
        )
        for time in range(1, longest + 1)
        if risk[time]
    )
    medians = _medians(resampled)
    middle = float(_medians(point[None])[0])
    if np.isinf(middle):
        return Estimate(n=n, reason=NEVER, curve=curve)
    low, high = np.quantile(medians, [tail, 1 - tail], method="inverted_cdf")
    if np.isinf(high):
        return Estimate(n=n, reason="too few recover to bound it", curve=curve)
    return Estimate(value=middle, low=float(min(low, middle)), high=float(max(high, middle)), n=n, curve=curve)


def _survival(weights: Numbers, events: Numbers, ends: Numbers) -> Numbers:
    """One row a resample: the share that has not yet seen the event after each time."""
    seen, left = weights @ events, weights @ (events + ends)
    at_risk = left[:, ::-1].cumsum(axis=1)[:, ::-1]
    hazard = np.divide(seen, at_risk, out=np.zeros_like(seen), where=at_risk > 0)
    survival: Numbers = np.cumprod(1 - hazard, axis=1)
    return survival


def _medians(curves: Numbers) -> Numbers:
    """The first time at which half have seen it; infinite where that never is."""
    below = curves <= 0.5 + 1e-12
    return np.where(below.any(axis=1), below.argmax(axis=1).astype(np.float64), np.inf)
