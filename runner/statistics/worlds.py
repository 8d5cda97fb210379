"""What a study can show where there is no pilot: the same, by a world that is assumed."""

from __future__ import annotations

import math
from functools import lru_cache

from numpy.polynomial.hermite_e import hermegauss
from pydantic import Field
from scipy.special import expit

from runner.messages import Frozen
from runner.statistics.estimate import Estimate
from runner.statistics.power import (
    ALPHA,
    NO_DIFFERENCE,
    POWER,
    TOO_LARGE,
    Spread,
    check_levels,
    check_repeats,
    fewest_scenarios,
    half_step,
    paired_power,
    root_below,
    scenarios_for,
)

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
    check_repeats(repeats)
    check_levels(power, alpha)
    place = world or World()

    def gain(distance: float) -> float:
        difference, parts = _apart(distance, place)
        deviation = math.sqrt(parts.variance(repeats))
        if deviation == 0:
            return 1 - power
        return paired_power(difference / deviation, scenarios, alpha, half_step(deviation, repeats, exact)) - power

    if scenarios < fewest_scenarios(alpha) or gain(FURTHEST) < 0:
        return Estimate(n=scenarios, reason=TOO_LARGE)
    distance = root_below(gain, FURTHEST, 1e-10)
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
    check_repeats(repeats)
    check_levels(power, alpha)
    size, place = abs(difference), world or World()
    if size == 0:
        return Estimate(reason=NO_DIFFERENCE)
    if size >= _apart(FURTHEST, place)[0]:
        return Estimate(reason="no two models differ by so much")
    distance = root_below(lambda each: _apart(each, place)[0] - size, FURTHEST, 1e-12)
    deviation = math.sqrt(_apart(distance, place)[1].variance(repeats))
    if deviation == 0:
        return Estimate(value=fewest_scenarios(alpha))
    return Estimate(value=scenarios_for(size / deviation, power, alpha, half_step(deviation, repeats, exact)))


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
