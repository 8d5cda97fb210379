"""The power of a paired comparison: differences in standard deviations, found often enough by how many scenarios.

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
from collections.abc import Callable

from scipy.special import nctdtr, ndtr, ndtri, stdtrit

from runner.messages import Frozen

ALPHA = 0.05
POWER = 0.8
TOO_LARGE = "no difference is large enough to be found so often with so few scenarios"
NO_DIFFERENCE = "no number of scenarios shows a difference of 0"
MANY = 100_000
"""Scenarios from which on t is taken as normal."""


class Spread(Frozen):
    """The two parts of the variance of a scenario's difference."""

    between: float
    """Of the true differences, between scenarios."""
    within: float
    """Of one pair of trials, within a scenario."""

    def variance(self, repeats: int) -> float:
        """Of a scenario's mean difference over so many repeats."""
        return self.between + self.within / repeats


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
    check_levels(power, alpha)
    if scenarios < fewest_scenarios(alpha):
        return None
    high = 1.0
    while paired_power(high, scenarios, alpha, step) < power:
        high *= 2
    return root_below(lambda effect: paired_power(effect, scenarios, alpha, step) - power, high, 1e-12)


def scenarios_for(effect: float, power: float = POWER, alpha: float = ALPHA, step: float = 0.0) -> int | None:
    """How many scenarios find a difference of `effect` standard deviations with that power; None for one of 0."""
    check_levels(power, alpha)
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


def root_below(function: Callable[[float], float], high: float, close: float) -> float:
    """Where a function of [0, high] changes its sign, by Brent's method."""
    from scipy.optimize import brentq  # takes a sixth of a second to import, which comparing alone need not wait for

    return float(brentq(function, 0.0, high, xtol=close))


def half_step(deviation: float, repeats: int, exact: bool) -> float:
    """Half a step of the sum of differences, in their standard deviations."""
    return 1 / (repeats * deviation) if exact and deviation else 0.0


def check_levels(power: float, alpha: float) -> None:
    """Raises ValueError where they are no chances, or power is no more than what chance alone finds."""
    if not 0 < alpha < power < 1:
        raise ValueError(f"power {power} and alpha {alpha} must be 0 < alpha < power < 1")


def check_repeats(repeats: int) -> None:
    """Raises ValueError where there are none."""
    if repeats < 1:
        raise ValueError(f"{repeats} repeats")
