"""Exceptions raised by the package."""

from __future__ import annotations

from datetime import datetime


class AlmanacError(Exception):
    """Base class of all errors of this package."""


class DurationError(AlmanacError, ValueError):
    """A text is not a duration."""


class SpanError(AlmanacError, ValueError):
    """A span ends before it starts, or a text is not a span."""


class RuleError(AlmanacError, ValueError):
    """A recurrence rule or a schedule contradicts itself."""


class NoOccurrence(AlmanacError, LookupError):
    """Nothing was found within the searched range."""


class LeaveConflict(AlmanacError):
    """Leave was requested for days that are already booked."""


class _LocalTimeError(AlmanacError, ValueError):
    problem = ""

    def __init__(self, local: datetime, zone: str) -> None:
        super().__init__(f"{local:%Y-%m-%d %H:%M:%S} {self.problem} in {zone}")
        self.local = local
        self.zone = zone


class NonexistentTime(_LocalTimeError):
    """A local time was skipped when clocks went forward."""

    problem = "does not exist"


class AmbiguousTime(_LocalTimeError):
    """A local time happens twice as clocks go back."""

    problem = "is ambiguous"
