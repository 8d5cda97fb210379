from datetime import date
from itertools import islice

import pytest

from almanac import DateSpan, Frequency, Rule, RuleError, ShortMonth


def days(rule: Rule, limit: int = 100) -> list[str]:
    return [day.strftime("%m-%d") for day in islice(rule, limit)]


def monthly(day: int, month: int = 1, **changes) -> Rule:
    return Rule(date(2024, month, day), Frequency.MONTHLY, **changes)


def test_daily():
    rule = Rule(date(2024, 2, 27), Frequency.DAILY, interval=2, count=3)
    assert days(rule) == ["02-27", "02-29", "03-02"]


def test_weekly():
    rule = Rule(date(2024, 3, 1), Frequency.WEEKLY, interval=2, count=3)
    assert days(rule) == ["03-01", "03-15", "03-29"]


def test_weekdays():
    rule = Rule(date(2024, 3, 6), Frequency.WEEKLY, weekdays=(4, 0), count=4)
    assert days(rule) == ["03-08", "03-11", "03-15", "03-18"]


def test_until_is_included():
    rule = Rule(date(2024, 3, 1), Frequency.WEEKLY, until=date(2024, 3, 15))
    assert days(rule) == ["03-01", "03-08", "03-15"]


def test_monthly():
    assert days(monthly(15, count=3)) == ["01-15", "02-15", "03-15"]
    assert days(monthly(15, interval=5, count=3)) == ["01-15", "06-15", "11-15"]


def test_short_months_end_early():
    assert days(monthly(31, count=4)) == ["01-31", "02-29", "03-31", "04-30"]


def test_short_months_are_skipped():
    rule = monthly(31, short_month=ShortMonth.SKIP, until=date(2024, 8, 31))
    assert days(rule) == ["01-31", "03-31", "05-31", "07-31", "08-31"]


def test_short_months_run_over():
    rule = monthly(30, short_month=ShortMonth.NEXT_MONTH, count=3)
    assert days(rule) == ["01-30", "03-01", "03-30"]


def test_month_days():
    rule = monthly(10, month_days=(20, 1, -1), count=5)
    assert days(rule) == ["01-20", "01-31", "02-01", "02-20", "02-29"]


def test_days_from_the_end():
    assert days(monthly(1, month_days=(-2,), count=3)) == ["01-30", "02-28", "03-30"]
    assert days(monthly(1, month_days=(-31,), count=3)) == ["01-01", "03-01", "05-01"]


def test_each_date_comes_once():
    rule = monthly(1, 2, month_days=(29, 30, 31), count=5)
    assert days(rule) == ["02-29", "03-29", "03-30", "03-31", "04-29"]


def test_nth_weekday():
    assert days(monthly(1, nth=(-1, 4), count=3)) == ["01-26", "02-23", "03-29"]
    assert days(monthly(1, nth=(5, 4), count=2)) == ["03-29", "05-31"]


def test_yearly():
    rule = Rule(date(2024, 5, 17), Frequency.YEARLY, interval=3, count=3)
    assert [day.year for day in rule] == [2024, 2027, 2030]


def test_leap_days():
    rule = Rule(date(2024, 2, 29), Frequency.YEARLY, count=3)
    assert days(rule) == ["02-29", "02-28", "02-28"]


def test_between():
    rule = Rule(date(2024, 3, 1), Frequency.DAILY)
    span = DateSpan(date(2024, 3, 10), date(2024, 3, 12))
    assert rule.between(span) == [date(2024, 3, 10), date(2024, 3, 11)]


def test_rule_ends_with_the_calendar():
    assert len(list(Rule(date(9998, 1, 31), Frequency.MONTHLY))) == 24


@pytest.mark.parametrize(
    "changes",
    [
        {"interval": 0},
        {"count": -1},
        {"weekdays": (1,)},
        {"month_days": (0,)},
        {"month_days": (1,), "nth": (1, 1)},
    ],
)
def test_bad_rules(changes):
    with pytest.raises(RuleError):
        monthly(1, **changes)
