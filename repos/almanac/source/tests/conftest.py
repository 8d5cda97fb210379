from __future__ import annotations

from datetime import date

import pytest

from almanac import EasterOffset, FixedDay, HolidayCalendar, NthWeekdayOf


@pytest.fixture
def plain() -> HolidayCalendar:
    """Weekends only."""
    return HolidayCalendar("plain")


@pytest.fixture
def office() -> HolidayCalendar:
    """New Year, Easter, the first Monday of May, Christmas."""
    return HolidayCalendar(
        "office",
        (
            FixedDay(1, 1),
            EasterOffset(-2),
            EasterOffset(1),
            NthWeekdayOf(5, 0, 1),
            FixedDay(12, 25),
            FixedDay(12, 26),
        ),
    )


@pytest.fixture
def march():
    """Days of March 2024, a month that starts on a Friday."""
    return lambda day: date(2024, 3, day)
