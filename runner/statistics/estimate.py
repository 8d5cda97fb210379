"""A number as it may be printed."""

from __future__ import annotations

from runner.messages import Frozen

LEVEL = 0.95
"""Confidence level of every interval."""


class Estimate(Frozen):
    """A value with its interval; `value` is None where there is none, and `reason` says why."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    """Independent units behind the value: scenarios, unless the measure says otherwise."""
    reason: str = ""
