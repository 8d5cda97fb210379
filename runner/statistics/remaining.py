"""How long the rest of a run takes, foretold from the trials that have ended."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scipy.special import stdtrit

from runner.statistics.estimate import LEVEL

LEAST = 2
"""Ended trials below which nothing is foretold: one shows no spread."""


class Remaining(NamedTuple):
    """Seconds."""

    value: float
    low: float
    high: float


def remaining(
    took: Mapping[str, Sequence[float]],
    left: Mapping[str, int],
    under_way: Mapping[str, Sequence[float]],
    at_a_time: int,
    level: float = LEVEL,
) -> Remaining | None:
    """Seconds until no trial is left; None while fewer than two have ended.

    By model: `took`, seconds of trials that ended; `left`, trials that have not, those under way among them;
    `under_way`, seconds that those have taken so far. Work left = Σ left · mean - what is under way, shared by
    `at_a_time` workers. It is the sum of as many draws, whose mean is estimated, too: variance Σ s² (left + left²/n),
    quantile of Student's t (Neter et al. 1996, Applied Linear Statistical Models, 2.5: prediction of a sum). A model
    with fewer than two ended trials takes the mean and spread of all.
    """
    everything = [seconds for each in took.values() for seconds in each]
    if len(everything) < LEAST:
        return None
    work = variance = 0.0
    for model, count in left.items():
        seen = took.get(model, ())
        mean, spread, n = _moments(seen if len(seen) >= LEAST else everything)
        work += count * mean - sum(min(seconds, mean) for seconds in under_way.get(model, ()))
        variance += spread**2 * (count + count**2 / n)
    workers = max(1, min(at_a_time, sum(left.values())))
    half = float(stdtrit(len(everything) - 1, (1 + level) / 2)) * math.sqrt(variance)
    return Remaining(*(max(0.0, seconds) / workers for seconds in (work, work - half, work + half)))


def _moments(seen: Sequence[float]) -> tuple[float, float, int]:
    """Mean, standard deviation and number."""
    n = len(seen)
    mean = math.fsum(seen) / n
    return mean, math.sqrt(math.fsum((each - mean) ** 2 for each in seen) / (n - 1)), n
