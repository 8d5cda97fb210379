"""Times of day and days of the week, as a person writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from runner.errors import UserError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = tuple(range(7))


@dataclass(frozen=True)
class Hours:
    """When a night begins, on which days, and when it ends at the latest; in the machine's own time zone."""

    at: time
    days: tuple[int, ...] = EVERY_DAY
    """From 0 for Monday, in order."""
    until: time | None = None

    def began(self, now: datetime) -> datetime | None:
        """When the night began that `now` lies in; None where it lies in none. Without an end a night has the day.

        A time of day that the clock passes over in spring can be read as an hour before or after; whoever has an
        appointment then is called as soon as the clock was set, which is between the two.
        """
        for day in (now.date(), now.date() - timedelta(days=1)):
            moment = datetime.combine(day, self.at)
            readings = [moment.replace(fold=fold).astimezone() for fold in (0, 1)]
            if min(readings) <= now < self._end(day):
                return max(readings)
        return None

    def ends(self, began: datetime) -> datetime | None:
        return self._end(began.date()) if self.until is not None else None

    def _end(self, day: date) -> datetime:
        end = self.until or self.at
        return datetime.combine(day + timedelta(days=end <= self.at), end).astimezone()


def clock(text: str, flag: str) -> time:
    """Raises UserError for anything but HH:MM."""
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text, re.ASCII)
    if not found:
        raise UserError(f"{flag} takes a time of day such as 22:00; found {text!r:.80}")
    return time(int(found[1]), int(found[2]))


def days_of(text: str) -> tuple[int, ...]:
    """`mon-fri`, `sat,sun`, `fri-mon` or `daily`. Raises UserError."""
    if text.strip().lower() == "daily":
        return EVERY_DAY
    found: set[int] = set()
    for part in text.lower().split(","):
        ends = [end.strip() for end in part.split("-")]
        if not 1 <= len(ends) <= 2 or any(end not in DAYS for end in ends):
            raise UserError(f"--days takes days such as mon-fri or sat,sun, or daily; found {text!r:.80}")
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        found |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    return tuple(sorted(found))


def named(days: Iterable[int]) -> list[str]:
    return [DAYS[day] for day in days]
