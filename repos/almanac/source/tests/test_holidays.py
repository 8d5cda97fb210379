from datetime import date

import pytest

from almanac import FixedDay, HolidayCalendar
from almanac.holidays import easter_sunday, nth_weekday


@pytest.mark.parametrize(
    ("year", "month", "day"), [(1961, 4, 2), (2000, 4, 23), (2024, 3, 31), (2038, 4, 25)]
)
def test_easter(year, month, day):
    assert easter_sunday(year) == date(year, month, day)


def test_nth_weekday():
    assert nth_weekday(2024, 3, 4, 1) == date(2024, 3, 1)
    assert nth_weekday(2024, 12, 1, -1) == date(2024, 12, 31)
    assert nth_weekday(2024, 3, 4, 5) == date(2024, 3, 29)
    assert nth_weekday(2024, 3, 0, 5) is None


def test_holidays_of_a_year(office):
    assert sorted(office.holidays(2024)) == [
        date(2024, 1, 1),
        date(2024, 3, 29),
        date(2024, 4, 1),
        date(2024, 5, 6),
        date(2024, 12, 25),
        date(2024, 12, 26),
    ]


def test_business_days(office):
    assert office.is_business_day(date(2024, 3, 28))
    assert not office.is_business_day(date(2024, 3, 29))
    assert not office.is_business_day(date(2024, 3, 30))


def test_observed_holidays_move_on():
    calendar = HolidayCalendar("bank", [FixedDay(12, 25), FixedDay(12, 26)], observed=True)
    # in 2021 the 25th is a Saturday
    assert {date(2021, 12, 27), date(2021, 12, 28)} <= calendar.holidays(2021)
    assert calendar.holidays(2024) == {date(2024, 12, 25), date(2024, 12, 26)}


def test_holiday_since():
    calendar = HolidayCalendar("new", [FixedDay(3, 8, since=2019)])
    assert not calendar.holidays(2018)
    assert calendar.holidays(2019) == {date(2019, 3, 8)}


def test_other_weekends():
    calendar = HolidayCalendar("gulf", weekend=frozenset({4, 5}))
    assert calendar.is_business_day(date(2024, 3, 3))
    assert not calendar.is_business_day(date(2024, 3, 1))
