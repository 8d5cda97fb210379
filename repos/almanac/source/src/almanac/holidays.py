"""Holiday rules and calendars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Protocol

SATURDAY_SUNDAY = frozenset({5, 6})


class HolidayRule(Protocol):
    """Something that knows the day of a holiday in a year."""

    def in_year(self, year: int) -> date | None: ...


@dataclass(frozen=True, slots=True)
class FixedDay:
    """The same date every year, optionally from some year on."""

    month: int
    day: int
    since: int = 1

    def in_year(self, year: int) -> date | None:
        return date(year, self.month, self.day) if year >= self.since else None


@dataclass(frozen=True, slots=True)
class EasterOffset:
    """A number of days from Easter Sunday (-2 is Good Friday)."""

    days: int

    def in_year(self, year: int) -> date | None:
        return easter_sunday(year) + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class NthWeekdayOf:
    """The n-th weekday (0 is Monday) of a month; -1 is the last."""

    month: int
    weekday: int
    n: int

    def in_year(self, year: int) -> date | None:
        return nth_weekday(year, self.month, self.weekday, self.n)


@dataclass(frozen=True)
class HolidayCalendar:
    """Weekends and holidays of some place.

    With ``observed``, a holiday on a weekend moves to the next day that is
    neither weekend nor another holiday.
    """

    name: str
    rules: Sequence[HolidayRule] = ()
    weekend: frozenset[int] = SATURDAY_SUNDAY
    observed: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(self.rules))

    def holidays(self, year: int) -> frozenset[date]:
        """The days off in a year, weekends aside."""
        return _holidays_of(self, year)

    def is_weekend(self, day: date) -> bool:
        return day.weekday() in self.weekend

    def is_business_day(self, day: date) -> bool:
        return not self.is_weekend(day) and day not in self.holidays(day.year)


@lru_cache(maxsize=256)
def _holidays_of(calendar: HolidayCalendar, year: int) -> frozenset[date]:
    days = {day for rule in calendar.rules if (day := rule.in_year(year)) is not None}
    if calendar.observed:
        for day in sorted(day for day in days if calendar.is_weekend(day)):
            substitute = day
            while calendar.is_weekend(substitute) or substitute in days:
                substitute += timedelta(days=1)
            days.add(substitute)
    return frozenset(days)


def nth_weekday(year: int, month: int, weekday: int, n: int) -> date | None:
    """The n-th weekday of a month, from the end if ``n`` is negative."""
    if n > 0:
        first = date(year, month, 1)
        found = first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))
    else:
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        found = last - timedelta(days=(last.weekday() - weekday) % 7 + 7 * (-n - 1))
    return found if found.month == month else None


def easter_sunday(year: int) -> date:
    """Easter of the Gregorian calendar."""
    golden = year % 19
    century, rest = divmod(year, 100)
    leap, leap_rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - leap - correction + 15) % 30
    quarter, quarter_rest = divmod(rest, 4)
    sunday = (32 + 2 * leap_rest + 2 * quarter - moon - quarter_rest) % 7
    late = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)
