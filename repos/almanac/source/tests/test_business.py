from datetime import date

import pytest

from almanac import (
    DateSpan,
    HolidayCalendar,
    NoOccurrence,
    Roll,
    add_business_days,
    count_business_days,
    parse_span,
    roll,
)
from almanac.business import last_business_day


@pytest.mark.parametrize(
    ("convention", "expected"),
    [
        (Roll.FOLLOWING, date(2024, 4, 2)),
        (Roll.PRECEDING, date(2024, 3, 28)),
        (Roll.MODIFIED_FOLLOWING, date(2024, 3, 28)),
    ],
)
def test_roll(office, convention, expected):
    assert roll(date(2024, 3, 30), office, convention) == expected


def test_business_days_do_not_roll(office):
    for convention in Roll:
        assert roll(date(2024, 3, 28), office, convention) == date(2024, 3, 28)


def test_add_business_days(office):
    assert add_business_days(date(2024, 3, 28), 1, office) == date(2024, 4, 2)
    assert add_business_days(date(2024, 4, 2), -2, office) == date(2024, 3, 27)


def test_adding_from_a_weekend(plain, march):
    assert add_business_days(march(2), 1, plain) == march(4)
    assert add_business_days(march(2), -1, plain) == march(1)
    assert add_business_days(march(2), 0, plain) == march(4)


def test_count_of_a_month(plain):
    assert count_business_days(DateSpan.month(2024, 2), plain) == 21
    assert count_business_days(DateSpan.month(2024, 3), plain) == 21


def test_count_of_a_typed_week(plain, office):
    assert count_business_days(parse_span("2024-03-04..2024-03-08"), plain) == 5
    assert count_business_days(parse_span("2024-03-25..2024-04-05"), office) == 8


def test_count_of_nothing(plain, march):
    assert count_business_days(DateSpan(march(2), march(4)), plain) == 0


def test_last_business_day(office):
    assert last_business_day(2024, 3, office) == date(2024, 3, 28)
    assert last_business_day(2024, 12, office) == date(2024, 12, 31)


def test_calendar_without_business_days():
    never = HolidayCalendar("never", weekend=frozenset(range(7)))
    with pytest.raises(NoOccurrence):
        add_business_days(date(2024, 3, 1), 1, never)
