"""A number as it may be printed."""

from __future__ import annotations

from runner.messages import Frozen

LEVEL = 0.95
"""Confidence level of every interval."""
FEW_SCENARIOS = "one scenario shows no spread"
NOTHING = "nothing to divide by"


class Point(Frozen):
    """One point of a curve."""

    x: float
    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0


class Estimate(Frozen):
    """A value with its interval; `value` is None where there is none, and `reason` says why."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    """Independent units behind the value: scenarios, unless the measure says otherwise."""
    reason: str = ""
    p: float | None = None
    """Of a difference: the chance of one at least as large if there were none."""
    curve: tuple[Point, ...] = ()
    """Where the measure is a curve; `value` is then the number that stands for it."""
