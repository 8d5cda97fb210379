"""Durations: parsing, formatting, adding to dates."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from .errors import DurationError

D = TypeVar("D", date, datetime)

_ISO = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?P<time>T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_SHORT = re.compile(
    r"(?:(?P<weeks>\d+)w)?\s*(?:(?P<days>\d+)d)?\s*(?:(?P<hours>\d+)h)?\s*"
    r"(?:(?P<minutes>\d+)m(?:in)?)?\s*(?:(?P<seconds>\d+)s)?"
)


@dataclass(frozen=True, slots=True)
class Duration:
    """Months, days and seconds; they do not convert into one another."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    def __add__(self, other: Duration) -> Duration:
        return Duration(
            self.months + other.months, self.days + other.days, self.seconds + other.seconds
        )

    def __neg__(self) -> Duration:
        return Duration(-self.months, -self.days, -self.seconds)

    def __mul__(self, factor: int) -> Duration:
        return Duration(self.months * factor, self.days * factor, self.seconds * factor)

    def after(self, start: D) -> D:
        """``start`` plus this duration: months first, then days, then seconds.

        If the month is too short, its last day is taken.
        """
        moved = add_months(start, self.months) + timedelta(days=self.days)
        if self.seconds and not isinstance(moved, datetime):
            raise DurationError("cannot add seconds to a date")
        return moved + timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        """The ISO 8601 form; only defined for durations that are not negative."""
        if min(self.months, self.days, self.seconds) < 0:
            raise DurationError("negative durations have no ISO form")
        years, months = divmod(self.months, 12)
        minutes, seconds = divmod(self.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        days = "".join(f"{n}{u}" for n, u in ((years, "Y"), (months, "M"), (self.days, "D")) if n)
        clock = "".join(f"{n}{u}" for n, u in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
        return f"P{days}T{clock}" if clock else f"P{days or '0D'}"


def parse_duration(text: str) -> Duration:
    """Parse ``P1Y2M3DT4H5M6S``, ``P2W`` or the short ``1d 4h30m``."""
    stripped = text.strip()
    match = _ISO.fullmatch(stripped) or _SHORT.fullmatch(stripped.lower())
    fields = match.groupdict() if match else {}
    if not any(value is not None for value in fields.values()) or fields.get("time") == "T":
        raise DurationError(f"not a duration: {text!r}")
    part = {name: int(value or 0) for name, value in fields.items() if name != "time"}
    return Duration(
        months=12 * part.get("years", 0) + part.get("months", 0),
        days=7 * part["weeks"] + part["days"],
        seconds=3600 * part["hours"] + 60 * part["minutes"] + part["seconds"],
    )


def add_months(start: D, months: int) -> D:
    """Move by whole months, to the last day where the month is too short."""
    year, index = divmod(start.year * 12 + start.month - 1 + months, 12)
    last = monthrange(year, index + 1)[1]
    return start.replace(year=year, month=index + 1, day=min(start.day, last))
