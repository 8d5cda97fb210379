"""What a study can show before it is run: the smallest paired difference found often enough; the scenarios it takes.

The variance of one scenario's mean difference over K repeats is B + W / K: B, how much the true differences vary
between scenarios, and W, the binomial variance of one pair of trials, p(1-p) of either side, averaged over scenarios
(Miller 2024, Adding Error Bars to Evals). Power is that of the paired t test on N scenarios, from the noncentral t
(Cohen 1988, Statistical Power Analysis, chapter 2). Where several contrasts are declared, give `alpha` divided by their
number.

The exact tests of `paired.difference` are a little less keen than t, since outcomes are whole: their sums move in steps
of 2/K, and half a step is lost on average. With `exact`, the bound that has to be passed is raised by that half step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from pydantic import Field
from scipy.special import expit, nctdtr, ndtr, ndtri, stdtrit

from runner.messages import Frozen
from runner.statistics.bootstrap import Numbers, resampled
from runner.statistics.estimate import Estimate

ALPHA = 0.05
POWER = 0.8
ONE_REPEAT = "one repeat shows no spread within a scenario"
NO_SPREAD = "the pilot shows no spread"
TOO_LARGE = "no difference is large enough to be found so often with so few scenarios"
NO_DIFFERENCE = "no number of scenarios shows a difference of 0"
MANY = 100_000
"""Scenarios from which on t is taken as normal."""
FURTHEST = 40.0
"""Distance of two models in logits at which one solves everything and the other nothing."""
NODES = 80


class World(Frozen):
    """Logistic-normal chances of success: what is assumed where there is no pilot."""

    mean: float = 0.0
    """Logit of a middling scenario, halfway between the two models."""
    task_sd: float = Field(default=2.0, ge=0)
    """Spread of difficulty among scenarios, in logits."""
    task_model_sd: float = Field(default=1.0, ge=0)
    """Spread among scenarios of the distance of two models, in logits: each model's own part is 1/√2 of it."""


def paired_power(effect: float, scenarios: int, alpha: float = ALPHA, step: float = 0.0) -> float:
    """The chance that a two-sided paired t test finds a difference of `effect` standard deviations. Cohen 1988.

    `step` is half a step of the sum of the scenarios' differences, in their standard deviations; 0 for none.
    """
    if scenarios < 2:
        return 0.0
    step /= math.sqrt(scenarios)
    degrees, centre = scenarios - 1, abs(effect) * math.sqrt(scenarios)
    if scenarios >= MANY:
        z = step - float(ndtri(alpha / 2))
        return float(ndtr(centre - z) + ndtr(-z - centre))
    bound = step - float(stdtrit(degrees, alpha / 2))
    above, below = 1 - float(nctdtr(degrees, centre, bound)), float(nctdtr(degrees, centre, -bound))
    return min(1.0, (1.0 if math.isnan(above) else above) + (0.0 if math.isnan(below) else below))


def fewest_scenarios(alpha: float = ALPHA) -> int:
    """The fewest whose sign flips can give p ≤ alpha: if all agree, p is 2^(1-N)."""
    return math.ceil(1 - math.log2(alpha))


def standard_effect(scenarios: int, power: float = POWER, alpha: float = ALPHA, step: float = 0.0) -> float | None:
    """The smallest difference found with that power, in standard deviations; None where no p can be small enough."""
    _check(power, alpha)
    if scenarios < fewest_scenarios(alpha):
        return None
    high = 1.0
    while paired_power(high, scenarios, alpha, step) < power:
        high *= 2
    return _root(lambda effect: paired_power(effect, scenarios, alpha, step) - power, high, 1e-12)


def scenarios_for(effect: float, power: float = POWER, alpha: float = ALPHA, step: float = 0.0) -> int | None:
    """How many scenarios find a difference of `effect` standard deviations with that power; None for one of 0."""
    _check(power, alpha)
    if effect == 0:
        return None
    size, z = abs(effect), float(ndtri(power) - ndtri(alpha / 2))
    root = (z + math.sqrt(z * z + 4 * size * step)) / (2 * size)  # size √N = z + step / √N, for the normal
    high = max(fewest_scenarios(alpha), math.ceil(root * root))
    if high >= MANY:
        return high
    while paired_power(effect, high, alpha, step) < power:
        high += 1
    return high


class Spread(Frozen):
    """The two parts of the variance of a scenario's difference."""

    between: float
    """Of the true differences, between scenarios."""
    within: float
    """Of one pair of trials, within a scenario."""

    def variance(self, repeats: int) -> float:
        """Of a scenario's mean difference over so many repeats."""
        return self.between + self.within / repeats


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
        effect = standard_effect(scenarios, power, alpha, _step(deviation, repeats, exact)) if variance else 0.0
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
        step = _step(deviation, repeats, exact)
        size = scenarios_for(difference / deviation, power, alpha, step) if variance else fewest_scenarios(alpha)
        if size is None:
            return Estimate(n=found.n, reason=NO_DIFFERENCE)
        sizes.append(size)
    value, low, high = sizes
    return Estimate(value=value, low=low, high=high, n=found.n)


def detectable(
    scenarios: int,
    repeats: int,
    power: float = POWER,
    alpha: float = ALPHA,
    world: World | None = None,
    exact: bool = False,
) -> Estimate:
    """The smallest difference that so many scenarios and repeats find, without a pilot.

    Two models as far apart, in logits, as makes them that different on average; the spread is that of models so far
    apart. A plan, not a measurement: it has no interval, and `n` is the scenarios planned.
    """
    _check_repeats(repeats)
    _check(power, alpha)
    place = world or World()

    def gain(distance: float) -> float:
        difference, parts = _apart(distance, place)
        deviation = math.sqrt(parts.variance(repeats))
        if deviation == 0:
            return 1 - power
        return paired_power(difference / deviation, scenarios, alpha, _step(deviation, repeats, exact)) - power

    if scenarios < fewest_scenarios(alpha) or gain(FURTHEST) < 0:
        return Estimate(n=scenarios, reason=TOO_LARGE)
    distance = _root(gain, FURTHEST, 1e-10)
    return Estimate(value=_apart(distance, place)[0], n=scenarios)


def needed(
    difference: float,
    repeats: int,
    power: float = POWER,
    alpha: float = ALPHA,
    world: World | None = None,
    exact: bool = False,
) -> Estimate:
    """How many scenarios find a difference of that size, without a pilot; it has no interval."""
    _check_repeats(repeats)
    _check(power, alpha)
    size, place = abs(difference), world or World()
    if size == 0:
        return Estimate(reason=NO_DIFFERENCE)
    if size >= _apart(FURTHEST, place)[0]:
        return Estimate(reason="no two models differ by so much")
    distance = _root(lambda each: _apart(each, place)[0] - size, FURTHEST, 1e-12)
    deviation = math.sqrt(_apart(distance, place)[1].variance(repeats))
    if deviation == 0:
        return Estimate(value=fewest_scenarios(alpha))
    return Estimate(value=scenarios_for(size / deviation, power, alpha, _step(deviation, repeats, exact)))


def _root(function: Callable[[float], float], high: float, close: float) -> float:
    """Where a function of [0, high] changes its sign, by Brent's method."""
    from scipy.optimize import brentq  # takes a sixth of a second to import, which comparing alone need not wait for

    return float(brentq(function, 0.0, high, xtol=close))


def _step(deviation: float, repeats: int, exact: bool) -> float:
    """Half a step of the sum of differences, in their standard deviations."""
    return 1 / (repeats * deviation) if exact and deviation else 0.0


@lru_cache(maxsize=1024)
def _apart(distance: float, world: World) -> tuple[float, Spread]:
    """The difference of two models so many logits apart, and its spread, by Gauss–Hermite quadrature."""
    nodes, weights = hermegauss(NODES)
    weights = weights / weights.sum()
    task = world.mean + world.task_sd * nodes[:, None]
    own = world.task_model_sd / math.sqrt(2) * nodes[None, :]
    left, right = expit(task + distance / 2 + own), expit(task - distance / 2 + own)
    mean_left, mean_right = left @ weights, right @ weights
    difference = float(weights @ (mean_left - mean_right))
    own_parts = (left**2) @ weights - mean_left**2 + (right**2) @ weights - mean_right**2
    between = float(weights @ (own_parts + (mean_left - mean_right) ** 2)) - difference**2
    within = float(weights @ ((left * (1 - left) + right * (1 - right)) @ weights))
    return difference, Spread(between=max(0.0, between), within=within)


def _pilot_variance(left: Sequence[Sequence[float]], right: Sequence[Sequence[float]], repeats: int) -> Estimate:
    """B + W / K of a pilot, resampled by scenario."""
    _check_repeats(repeats)
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


def _check(power: float, alpha: float) -> None:
    if not 0 < alpha < power < 1:
        raise ValueError(f"power {power} and alpha {alpha} must be 0 < alpha < power < 1")


def _check_repeats(repeats: int) -> None:
    if repeats < 1:
        raise ValueError(f"{repeats} repeats")
