"""How far groups that met the same scenarios lie apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.statistics.bootstrap import Numbers, resampled
from runner.statistics.estimate import Estimate


def spread(outcomes: Sequence[Sequence[Sequence[float]]]) -> Estimate:
    """The highest minus the lowest mean of groups; `outcomes[i][g]` are those of scenario i in group g.

    A group's mean is that over scenarios of each scenario's mean. Noise alone makes the spread more than 0: it says how
    far apart groups came out, not that they differ.
    """
    sums = np.asarray([[sum(each) / len(each) if each else 0.0 for each in groups] for groups in outcomes])
    there = np.asarray([[float(bool(each)) for each in groups] for groups in outcomes])

    def statistic(weights: Numbers) -> Numbers:
        counts: Numbers = weights @ there
        means = np.divide(weights @ sums, counts, out=np.full_like(counts, np.nan), where=counts > 0)
        found: Numbers = means.max(axis=1) - means.min(axis=1)
        return found

    return resampled(len(outcomes), statistic, between=(0.0, 1.0))
