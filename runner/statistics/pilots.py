"""What a study can show, by a pilot: the smallest difference found often enough; the scenarios that one takes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from runner.statistics.bootstrap import Numbers, resampled
from runner.statistics.estimate import Estimate
from runner.statistics.power import (
    ALPHA,
    NO_DIFFERENCE,
    POWER,
    TOO_LARGE,
    Spread,
    check_repeats,
    fewest_scenarios,
    half_step,
    scenarios_for,
    standard_effect,
)

ONE_REPEAT = "one repeat shows no spread within a scenario"
NO_SPREAD = "the pilot shows no spread"


def spread(left: Sequence[Sequence[float]], right: Sequence[Sequence[float]]) -> Spread | None:
    """A pilot's: `left[i]` and `right[i]` are the 0/1 outcomes of scenario i's trials on either side.

    W is the mean of the unbiased K p(1-p) / (K-1) of both sides; B what remains of the variance of the differences
    after taking off W's part, not under 0. Scenarios with fewer than two trials on a side are left out; None where
    fewer than two remain.
    """
    differences, within, noise = _parts(left, right)
    n = len(differences)
    if n < 2:
        return None
    one = np.ones((1, n))
    return Spread(
        between=float(_between(differences, noise, one)[0]),
        within=float(within.mean()),
    )


def detectable_from_pilot(
    left: Sequence[Sequence[float]],
    right: Sequence[Sequence[float]],
    scenarios: int,
    repeats: int,
    power: float = POWER,
    alpha: float = ALPHA,
    exact: bool = False,
) -> Estimate:
    """The smallest difference that so many scenarios and repeats find, with the doubt that a small pilot leaves.

    The interval resamples the pilot's scenarios. Large differences leave less binomial variance than the pilot shows;
    that is not taken into account.
    """
    found = _pilot_variance(left, right, repeats)
    if found.value is None or found.low is None or found.high is None:
        return found
    sizes = []
    for variance in (found.value, found.low, found.high):
        deviation = math.sqrt(variance)
        effect = standard_effect(scenarios, power, alpha, half_step(deviation, repeats, exact)) if variance else 0.0
        if effect is None:
            return Estimate(n=found.n, reason=TOO_LARGE)
        sizes.append(effect * deviation)
    value, low, high = sizes
    if value > 1:
        return Estimate(n=found.n, reason=TOO_LARGE)
    return Estimate(value=value, low=min(low, value), high=min(1.0, max(high, value)), n=found.n)


def needed_from_pilot(
    left: Sequence[Sequence[float]],
    right: Sequence[Sequence[float]],
    difference: float,
    repeats: int,
    power: float = POWER,
    alpha: float = ALPHA,
    exact: bool = False,
) -> Estimate:
    """How many scenarios find a difference of that size, likewise."""
    found = _pilot_variance(left, right, repeats)
    if found.value is None or found.low is None or found.high is None:
        return found
    sizes = []
    for variance in (found.value, found.low, found.high):
        deviation = math.sqrt(variance)
        step = half_step(deviation, repeats, exact)
        size = scenarios_for(difference / deviation, power, alpha, step) if variance else fewest_scenarios(alpha)
        if size is None:
            return Estimate(n=found.n, reason=NO_DIFFERENCE)
        sizes.append(size)
    value, low, high = sizes
    return Estimate(value=value, low=low, high=high, n=found.n)


def _pilot_variance(left: Sequence[Sequence[float]], right: Sequence[Sequence[float]], repeats: int) -> Estimate:
    """B + W / K of a pilot, resampled by scenario."""
    check_repeats(repeats)
    differences, within, noise = _parts(left, right)
    if not len(differences) and any(left) and any(right):
        return Estimate(n=0, reason=ONE_REPEAT)

    def statistic(weights: Numbers) -> Numbers:
        variance: Numbers = _between(differences, noise, weights) + (weights @ within) / weights.sum(axis=1) / repeats
        return variance

    found = resampled(len(differences), statistic)
    if found.value is not None and found.value <= 0:
        return Estimate(n=found.n, reason=NO_SPREAD)
    return found


def _parts(left: Sequence[Sequence[float]], right: Sequence[Sequence[float]]) -> tuple[Numbers, Numbers, Numbers]:
    """Of each scenario: the difference of means, the variance of one pair, that of the difference of means."""
    rows = []
    for one, other in zip(left, right, strict=True):
        if len(one) < 2 or len(other) < 2:
            continue
        sides = [(float(np.mean(each)), float(np.var(each, ddof=1)), len(each)) for each in (one, other)]
        rows.append(
            (
                sides[0][0] - sides[1][0],
                sides[0][1] + sides[1][1],
                sides[0][1] / sides[0][2] + sides[1][1] / sides[1][2],
            )
        )
    table = np.asarray(rows, np.float64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _between(differences: Numbers, noise: Numbers, weights: Numbers) -> Numbers:
    """B of each resample."""
    n = weights.sum(axis=1)
    means = (weights @ differences) / n
    variance = ((weights @ differences**2) - n * means**2) / (n - 1)
    left: Numbers = np.maximum(0.0, variance - (weights @ noise) / n)
    return left
