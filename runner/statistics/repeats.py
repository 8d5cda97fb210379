"""What several trials of one scenario say together. `outcomes[i]` are the 0/1 outcomes of scenario i's K trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb

import numpy as np

from runner.statistics.bootstrap import NO_SPREAD, resampled
from runner.statistics.estimate import Estimate, Point
from runner.statistics.rates import rate_of_means

Outcomes = Sequence[Sequence[float]]
ONE_REPEAT = "one repeat shows no consistency"


def pass_at_k(outcomes: Outcomes) -> Estimate:
    """The chance that at least one of k trials passes: U1 over scenarios of 1 - C(K-c, k) / C(K, k). Chen 2021.

    The value is that of the largest k which every scenario allows; the curve has every smaller one, too.
    """
    return _by_k(outcomes, lambda passed, tried, k: 1 - comb(tried - passed, k) / comb(tried, k))


def pass_hat_k(outcomes: Outcomes) -> Estimate:
    """The chance that all of k trials pass: mean of C(c, k) / C(K, k), likewise. Yao 2024 (tau-bench)."""
    return _by_k(outcomes, lambda passed, tried, k: comb(passed, k) / comb(tried, k))


def agreement(outcomes: Outcomes) -> Estimate:
    """The chance that two trials of a scenario end alike: mean of 1 - 2c(K-c) / (K(K-1))."""
    kept = [each for each in outcomes if len(each) > 1]
    if not kept:
        return Estimate(n=len([each for each in outcomes if each]), reason=ONE_REPEAT)
    values = []
    for each in kept:
        passed, tried = round(sum(each)), len(each)
        values.append(1 - 2 * passed * (tried - passed) / (tried * (tried - 1)))
    return _mean(values)


def _by_k(outcomes: Outcomes, chance: Callable[[int, int, int], float]) -> Estimate:
    kept = [(round(sum(each)), len(each)) for each in outcomes if each]
    most = min((tried for _, tried in kept), default=0)
    if most < 2:
        return Estimate(n=len(kept), reason=ONE_REPEAT if kept else "no trial counts")
    trials = sum(tried for _, tried in kept)
    points: list[Point] = []
    found = Estimate()
    for k in range(1, most + 1):
        values = [chance(passed, tried, k) for passed, tried in kept]
        found = rate_of_means(values, trials)
        if found.value is None:
            return found
        points.append(Point(x=k, value=found.value, low=found.low, high=found.high, n=found.n))
    return found.model_copy(update={"curve": tuple(points)})


def _mean(values: Sequence[float]) -> Estimate:
    """The mean of one value between 0 and 1 a scenario; where all agree, with Wilson's interval."""
    data = np.asarray(values, np.float64)
    found = resampled(len(values), lambda weights: (weights @ data) / weights.sum(axis=1))
    if found.low is not None and found.high is not None and found.high - found.low <= NO_SPREAD:
        return rate_of_means(values, len(values))
    return found
