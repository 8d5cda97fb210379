from datetime import date
from itertools import islice

import pytest

from almanac import Frequency, Rule, ShortMonth


def days(rule: Rule, limit: int = 50) -> list[str]:
    return [day.isoformat() for day in islice(rule, limit)]


def monthly(start: date, policy: ShortMonth, **changes) -> Rule:
    return Rule(start, Frequency.MONTHLY, short_month=policy, **changes)


def test_thirtieth_exists_in_short_months():
    rule = monthly(date(2023, 1, 30), ShortMonth.SKIP, until=date(2023, 7, 31))
    assert [day[5:] for day in days(rule)] == ["01-30", "03-30", "04-30", "05-30", "06-30", "07-30"]


def test_end_of_february():
    rule = monthly(date(2023, 2, 28), ShortMonth.SKIP, until=date(2023, 4, 30))
    assert days(rule) == ["2023-02-28", "2023-03-28", "2023-04-28"]
    rule = monthly(date(2024, 1, 29), ShortMonth.SKIP, interval=13, until=date(2026, 12, 31))
    assert days(rule) == ["2024-01-29", "2026-03-29"]


def test_leap_day_every_year():
    rule = Rule(
        date(2024, 2, 29), Frequency.YEARLY, short_month=ShortMonth.SKIP, until=date(2036, 12, 31)
    )
    assert days(rule) == ["2024-02-29", "2028-02-29", "2032-02-29", "2036-02-29"]


def test_next_month_only_if_the_day_is_missing():
    rule = monthly(date(2024, 1, 31), ShortMonth.NEXT_MONTH, until=date(2024, 6, 15))
    assert days(rule) == ["2024-01-31", "2024-03-01", "2024-03-31", "2024-05-01", "2024-05-31"]


def test_leap_day_moves_to_march_in_other_years():
    rule = Rule(
        date(2024, 2, 29),
        Frequency.YEARLY,
        short_month=ShortMonth.NEXT_MONTH,
        until=date(2028, 12, 31),
    )
    assert days(rule) == ["2024-02-29", "2025-03-01", "2026-03-01", "2027-03-01", "2028-02-29"]


def test_several_month_days():
    rule = monthly(
        date(2024, 4, 1), ShortMonth.SKIP, month_days=(29, 30, 31), until=date(2024, 5, 31)
    )
    assert [day[5:] for day in days(rule)] == ["04-29", "04-30", "05-29", "05-30", "05-31"]


@pytest.mark.parametrize("policy", list(ShortMonth))
def test_december_ends_the_year(policy):
    rule = monthly(date(2024, 12, 31), policy, interval=12, until=date(2026, 12, 31))
    assert days(rule) == ["2024-12-31", "2025-12-31", "2026-12-31"]


@pytest.mark.parametrize("policy", list(ShortMonth))
def test_missing_days_follow_the_policy(policy):
    rule = monthly(date(2023, 1, 1), policy, month_days=(31,), until=date(2023, 3, 30))
    later = {
        ShortMonth.LAST_DAY: ["2023-02-28"],
        ShortMonth.SKIP: [],
        ShortMonth.NEXT_MONTH: ["2023-03-01"],
    }
    assert days(rule) == ["2023-01-31", *later[policy]]


@pytest.mark.parametrize("policy", list(ShortMonth))
def test_days_from_the_end_are_as_before(policy):
    rule = monthly(date(2024, 1, 1), policy, month_days=(-1, -31), until=date(2024, 3, 31))
    assert [day[5:] for day in days(rule)] == ["01-01", "01-31", "02-29", "03-01", "03-31"]


@pytest.mark.parametrize("policy", list(ShortMonth))
def test_days_every_month_has(policy):
    rule = monthly(date(2024, 1, 15), policy, count=3)
    assert days(rule) == ["2024-01-15", "2024-02-15", "2024-03-15"]
