"""How much of a success on public scenarios is gone when they stand in another form, beyond what that costs anyway.

A difference in differences: (original - twin) on scenarios that a model may have seen, minus the same on scenarios
that it cannot have seen. The second is the price of the transformation itself: a renamed program is also a harder one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import stdtr, stdtrit

from runner.statistics.bootstrap import NO_SPREAD
from runner.statistics.estimate import LEVEL, Estimate
from runner.statistics.rates import wilson, z_of

NONE_SEEN = "no scenario that the model may have seen was also told otherwise"
NONE_UNSEEN = "no scenario that the model cannot have seen, to tell memory from difficulty"
FEW = "one scenario of a kind shows no spread"


def excess(
    seen: Sequence[Sequence[float]], unseen: Sequence[Sequence[float]], most: float = 2.0, level: float = LEVEL
) -> Estimate:
    """Mean over scenarios of `seen` - mean over scenarios of `unseen`, with an interval.

    `seen[i]` are the paired differences (original - twin, each between -1 and 1) of scenario i; so is `unseen[i]`; or
    shares, whose means differ by no more than `most` = 1. The scenarios are the independent units and the two groups
    differ in spread and size: Welch's t interval (Welch 1947), with Satterthwaite's degrees of freedom, over the
    scenarios' means. A group without any spread gets that of Wilson's interval of none in N (Wilson 1927), so that no
    few scenarios that agree pass for certainty. `n` counts both groups.
    """
    public, private = (_means(each) for each in (seen, unseen))
    n = len(public) + len(private)
    if not len(public) or not len(private):
        return Estimate(n=n, reason=NONE_UNSEEN if len(public) else NONE_SEEN)
    if min(len(public), len(private)) < 2:
        return Estimate(n=n, reason=FEW)
    value = float(public.mean() - private.mean())
    shares = [_variance(each, level) for each in (public, private)]
    variance = sum(shares)
    freedom = variance**2 / sum(
        share**2 / (len(each) - 1) for share, each in zip(shares, (public, private), strict=True)
    )
    error = math.sqrt(variance)
    half = float(stdtrit(freedom, (1 + level) / 2)) * error
    p = float(2 * stdtr(freedom, -abs(value) / error))
    return Estimate(value=value, low=max(-most, value - half), high=min(most, value + half), n=n, p=p)


def _means(cases: Sequence[Sequence[float]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray([math.fsum(each) / len(each) for each in cases if each], np.float64)


def _variance(means: np.ndarray[tuple[int], np.dtype[np.float64]], level: float) -> float:
    """Of the mean."""
    found = float(means.var(ddof=1)) / len(means)
    if found > NO_SPREAD:
        return found
    return (wilson(0.0, len(means), z_of(level))[1] / z_of(level)) ** 2
