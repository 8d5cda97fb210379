"""How much of a success on public scenarios is gone when they stand in another form, beyond what that costs anyway.

A difference in differences: (original - twin) on scenarios that a model may have seen, minus the same on scenarios
that it cannot have seen. The second is the price of the transformation itself: a renamed program is also a harder one.
Kinds of twins differ in that price, so that the difference is taken within each kind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

from runner.statistics.bootstrap import NO_SPREAD, Numbers
from runner.statistics.estimate import LEVEL, Estimate
from runner.statistics.rates import wilson, z_of

NONE_SEEN = "no scenario that the model may have seen was also told otherwise"
NONE_UNSEEN = "no scenario that the model cannot have seen, to tell memory from difficulty"
FEW = "one scenario on a side shows no spread"
FEW_WITHIN = "no kind of twin has two scenarios that the model may have seen and two that it cannot have"
LEAST = 2
"""Scenarios of a kind on either side, below which there is no spread to be seen."""
Gaps = Mapping[str, Sequence[float]]
"""Of one scenario: kind of twin → its paired differences, each between -1 and 1."""


class _Side(NamedTuple):
    """One of the two groups: the weighted mean over its kinds, with the variance of that and its degrees of freedom."""

    value: float
    variance: float
    freedom: float


def excess(
    seen: Sequence[Sequence[float]], unseen: Sequence[Sequence[float]], most: float = 2.0, level: float = LEVEL
) -> Estimate:
    """`excess_within` of a single kind: Welch's t interval (Welch 1947) over the scenarios' means.

    `seen[i]` are the differences of scenario i, or shares, whose means differ by no more than `most` = 1.
    """
    found = excess_within([{"": each} for each in seen], [{"": each} for each in unseen], most, level)
    return found.model_copy(update={"reason": FEW}) if found.reason == FEW_WITHIN else found


def excess_within(seen: Sequence[Gaps], unseen: Sequence[Gaps], most: float = 2.0, level: float = LEVEL) -> Estimate:
    """Mean over scenarios of `seen` - mean over scenarios of `unseen` within each kind, combined, with an interval.

    A kind with s scenarios that are seen and u that are unseen has the weight s·u / (s + u) (Mantel and Haenszel 1959;
    of differences Greenland and Robins 1985), which hangs on no outcome: that one kind is harder, or is made more often
    of one group, does not move the value from 0. Kinds with fewer than two scenarios in a group are left out.

    The scenarios are the independent units, whatever number of kinds each stands in. Each group's variance is the
    cluster-robust one with Bell and McCaffrey's correction and degrees of freedom (Bell and McCaffrey 2002); both are
    joined as by Welch (1947) and Satterthwaite (1946), so that a single kind gets Welch's t interval. A group without
    any spread gets that of Wilson's interval of none in N (Wilson 1927), so that no few scenarios that agree pass for
    certainty. `n` counts the scenarios of both groups that are used, or where there is no value those that there are.
    """
    sides = [[_means(each) for each in group] for group in (seen, unseen)]
    counts = [{kind: sum(kind in each for each in group) for each in group for kind in each} for group in sides]
    n = sum(bool(each) for group in sides for each in group)
    if not counts[0] or not counts[1]:
        return Estimate(n=n, reason=NONE_UNSEEN if counts[0] else NONE_SEEN)
    kinds = [kind for kind in counts[0] if min(count.get(kind, 0) for count in counts) >= LEAST]
    if not kinds:
        return Estimate(n=n, reason=FEW_WITHIN)
    known, new = (np.asarray([count[kind] for kind in kinds], np.float64) for count in counts)
    weights = known * new / (known + new)
    weights /= weights.sum()
    tables = [np.asarray([[each.get(kind, math.nan) for kind in kinds] for each in group]) for group in sides]
    first, second = (_side(table, weights, level) for table in tables)
    value = first.value - second.value
    variance = first.variance + second.variance
    freedom = variance**2 / (first.variance**2 / first.freedom + second.variance**2 / second.freedom)
    error = math.sqrt(variance)
    half = float(stdtrit(freedom, (1 + level) / 2)) * error
    used = sum(int((~np.isnan(table)).any(axis=1).sum()) for table in tables)
    p = float(2 * stdtr(freedom, -abs(value) / error))
    return Estimate(value=value, low=max(-most, value - half), high=min(most, value + half), n=used, p=p)


def _means(gaps: Gaps) -> dict[str, float]:
    return {kind: math.fsum(each) / len(each) for kind, each in gaps.items() if each}


def _side(table: Numbers, weights: Numbers, level: float) -> _Side:
    """Of `table[scenario, kind]`, NaN where a scenario has none of a kind; each kind has two scenarios at least."""
    has = ~np.isnan(table)
    counts = has.sum(axis=0)
    means = np.nansum(table, axis=0) / counts
    scales = weights / np.sqrt(counts * (counts - 1.0))
    residuals = np.where(has, table - means, 0.0) @ scales
    variance = float(residuals @ residuals)
    if variance <= NO_SPREAD:
        widths = [wilson(0.0, float(count), z_of(level))[1] / z_of(level) for count in counts]
        variance = float(weights @ np.asarray(widths)) ** 2
    return _Side(float(weights @ means), variance, _freedom(has.astype(np.float64), counts, scales**2))


def _freedom(has: Numbers, counts: Numbers, squares: Numbers) -> float:
    """(trace P)² / |P|², P = Σ over kinds of squares·(diag(has) - has hasᵀ / count): the residuals' covariance."""
    diagonal = has @ squares
    shares = squares / counts
    common = (has.T @ has) * shares
    trace = float(diagonal.sum() - (has @ shares).sum())
    norm = float(diagonal @ diagonal - 2 * diagonal @ (has @ shares) + (common * common.T).sum())
    return trace**2 / norm
