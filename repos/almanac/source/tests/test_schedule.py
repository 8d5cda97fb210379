from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from almanac import GapPolicy, HolidayCalendar, NoOccurrence, OverlapPolicy, RuleError, Schedule

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Schedule((time(2, 30),), BERLIN)


def utc(*fields: int) -> datetime:
    return datetime(*fields, tzinfo=UTC)


def shown(runs):
    return [run.strftime("%d %H:%M%z") for run in runs]


def test_next_run_today_and_tomorrow():
    assert shown([NIGHT.next_after(utc(2024, 7, 1, 0, 0))]) == ["01 02:30+0200"]
    assert shown([NIGHT.next_after(utc(2024, 7, 1, 6, 0))]) == ["02 02:30+0200"]


def test_next_run_is_later_than_the_moment():
    assert shown([NIGHT.next_after(utc(2024, 7, 1, 0, 30))]) == ["02 02:30+0200"]


def test_local_day_may_be_ahead_of_utc():
    tokyo = Schedule((time(1, 0),), ZoneInfo("Asia/Tokyo"))
    assert shown([tokyo.next_after(utc(2024, 7, 1, 15, 0))]) == ["02 01:00+0900"]


def test_between():
    schedule = Schedule((time(18, 0), time(6, 0)), BERLIN)
    runs = schedule.between(utc(2024, 7, 1, 4, 0), utc(2024, 7, 2, 4, 0))
    assert shown(runs) == ["01 06:00+0200", "01 18:00+0200"]
    assert schedule.between(utc(2024, 7, 2), utc(2024, 7, 1)) == []


def test_business_days_only(office):
    schedule = Schedule((time(9, 0),), BERLIN, calendar=office)
    runs = schedule.between(utc(2024, 3, 28), utc(2024, 4, 3))
    assert shown(runs) == ["28 09:00+0100", "02 09:00+0200"]


def test_gap_moves_the_run():
    runs = NIGHT.between(utc(2024, 3, 30), utc(2024, 4, 2))
    assert shown(runs) == ["30 02:30+0100", "31 03:30+0200", "01 02:30+0200"]


def test_gap_may_skip_the_run():
    schedule = Schedule((time(2, 30),), BERLIN, gap=GapPolicy.SKIP)
    runs = schedule.between(utc(2024, 3, 30), utc(2024, 4, 2))
    assert shown(runs) == ["30 02:30+0100", "01 02:30+0200"]


def test_moved_run_does_not_double_another():
    schedule = Schedule((time(2, 30), time(3, 30)), BERLIN)
    runs = schedule.between(utc(2024, 3, 31), utc(2024, 4, 1))
    assert shown(runs) == ["31 03:30+0200"]


def test_overlap_runs_once_by_default():
    runs = NIGHT.between(utc(2024, 10, 26), utc(2024, 10, 29))
    assert shown(runs) == ["26 02:30+0200", "27 02:30+0200", "28 02:30+0100"]


def test_overlap_may_run_twice():
    schedule = Schedule((time(2, 15), time(2, 45)), BERLIN, overlap=OverlapPolicy.BOTH)
    runs = schedule.between(utc(2024, 10, 27), utc(2024, 10, 28))
    assert shown(runs) == ["27 02:15+0200", "27 02:45+0200", "27 02:15+0100", "27 02:45+0100"]


def test_next_run_within_an_overlap():
    schedule = Schedule((time(2, 30),), BERLIN, overlap=OverlapPolicy.BOTH)
    first = schedule.next_after(utc(2024, 10, 27, 0, 0))
    second = schedule.next_after(first)
    third = schedule.next_after(second)
    assert shown([first, second, third]) == ["27 02:30+0200", "27 02:30+0100", "28 02:30+0100"]


def test_no_run_at_all():
    never = HolidayCalendar("never", weekend=frozenset(range(7)))
    with pytest.raises(NoOccurrence):
        Schedule((time(1, 0),), BERLIN, calendar=never).next_after(utc(2024, 1, 1))


def test_moments_need_a_time_zone():
    with pytest.raises(ValueError):
        NIGHT.next_after(datetime(2024, 1, 1))


def test_bad_schedules():
    with pytest.raises(RuleError):
        Schedule((), BERLIN)
    with pytest.raises(RuleError):
        Schedule((time(1, 0, tzinfo=UTC),), BERLIN)
