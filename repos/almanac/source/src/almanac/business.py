"""Business-day arithmetic."""

from __future__ import annotations

from datetime import date
from enum import Enum

from .errors import NoOccurrence
from .holidays import HolidayCalendar
from .spans import ONE_DAY, DateSpan

_SEARCH_DAYS = 366


class Roll(Enum):
    """Where a day that is not a business day moves to."""

    FOLLOWING = "following"
    PRECEDING = "preceding"
    MODIFIED_FOLLOWING = "modified following"


def roll(day: date, calendar: HolidayCalendar, convention: Roll = Roll.FOLLOWING) -> date:
    """Move to a business day.

    Modified following goes forward unless that leaves the month.
    """
    if convention is Roll.PRECEDING:
        return _search(day, calendar, -1)
    rolled = _search(day, calendar, 1)
    if convention is Roll.MODIFIED_FOLLOWING and rolled.month != day.month:
        return _search(day, calendar, -1)
    return rolled


def add_business_days(day: date, count: int, calendar: HolidayCalendar) -> date:
    """Move by ``count`` business days, backwards if negative.

    Zero rolls forward to a business day.
    """
    if count == 0:
        return roll(day, calendar)
    step = 1 if count > 0 else -1
    for _ in range(abs(count)):
        day = _search(day + step * ONE_DAY, calendar, step)
    return day


def count_business_days(span: DateSpan, calendar: HolidayCalendar) -> int:
    """How many business days a span has."""
    return sum(1 for day in span.dates() if calendar.is_business_day(day))


def last_business_day(year: int, month: int, calendar: HolidayCalendar) -> date:
    """The last business day of a month."""
    return _search(DateSpan.month(year, month).end - ONE_DAY, calendar, -1)


def _search(day: date, calendar: HolidayCalendar, step: int) -> date:
    for _ in range(_SEARCH_DAYS):
        if calendar.is_business_day(day):
            return day
        day += step * ONE_DAY
    raise NoOccurrence(f"{calendar.name}: no business day near {day}")
