from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from almanac import OverlapPolicy, Schedule, elapsed

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")


def schedule(*times: str, zone=BERLIN, overlap=OverlapPolicy.FIRST, **changes) -> Schedule:
    return Schedule(tuple(map(time.fromisoformat, times)), zone, overlap=overlap, **changes)


def berlin(text: str, fold: int = 0) -> datetime:
    """A moment on 27 October 2024."""
    at = time.fromisoformat(text)
    return datetime.combine(datetime(2024, 10, 27), at, tzinfo=BERLIN).replace(fold=fold)


def as_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def same(moment: datetime) -> datetime:
    return moment


def shown(*runs: datetime) -> list[str]:
    return [run.strftime("%d %H:%M%z") for run in runs]


in_any_zone = pytest.mark.parametrize("convert", [same, as_utc])


@in_any_zone
def test_both_runs_follow_each_other(convert):
    night = schedule("02:30", overlap=OverlapPolicy.BOTH)
    moment = berlin("00:00")
    runs = []
    for _ in range(3):
        moment = night.next_after(convert(moment))
        runs.append(moment)
    assert shown(*runs) == ["27 02:30+0200", "27 02:30+0100", "28 02:30+0100"]


def test_between_has_both_runs():
    night = schedule("02:30", overlap=OverlapPolicy.BOTH)
    runs = night.between(berlin("00:00"), berlin("12:00"))
    assert shown(*runs) == ["27 02:30+0200", "27 02:30+0100"]


def test_runs_are_in_the_order_of_time():
    night = schedule("02:45", "02:15", overlap=OverlapPolicy.BOTH)
    runs = night.between(berlin("00:00"), berlin("12:00"))
    assert shown(*runs) == ["27 02:15+0200", "27 02:45+0200", "27 02:15+0100", "27 02:45+0100"]


def test_order_with_runs_around_the_overlap():
    night = schedule("03:00", "02:30", "01:30", overlap=OverlapPolicy.SECOND)
    runs = night.between(berlin("00:00"), berlin("12:00"))
    assert shown(*runs) == ["27 01:30+0200", "27 02:30+0100", "27 03:00+0100"]
    gaps = [elapsed(*pair) for pair in zip(runs, runs[1:])]
    assert gaps == [timedelta(hours=2), timedelta(minutes=30)]


@in_any_zone
def test_second_run_is_still_to_come(convert):
    night = schedule("02:30", overlap=OverlapPolicy.SECOND)
    assert shown(night.next_after(convert(berlin("02:45")))) == ["27 02:30+0100"]
    assert shown(night.next_after(convert(berlin("02:30")))) == ["27 02:30+0100"]
    assert shown(night.next_after(convert(berlin("02:30", 1)))) == ["28 02:30+0100"]


@in_any_zone
def test_first_run_is_over(convert):
    night = schedule("02:30")
    assert shown(night.next_after(convert(berlin("02:15")))) == ["27 02:30+0200"]
    assert shown(night.next_after(convert(berlin("02:15", 1)))) == ["28 02:30+0100"]
    assert shown(night.next_after(convert(berlin("02:45", 1)))) == ["28 02:30+0100"]


@in_any_zone
def test_between_within_the_overlap(convert):
    start, end = convert(berlin("02:40")), convert(berlin("02:20", 1))
    assert shown(*schedule("02:50").between(start, end)) == ["27 02:50+0200"]
    assert shown(*schedule("02:10", overlap=OverlapPolicy.SECOND).between(start, end)) == [
        "27 02:10+0100"
    ]
    assert schedule("02:50").between(end, start) == []


@in_any_zone
def test_between_from_one_fold_to_the_other(convert):
    night = schedule("02:30", overlap=OverlapPolicy.BOTH)
    first, second = convert(berlin("02:30")), convert(berlin("02:30", 1))
    assert shown(*night.between(first, second)) == ["27 02:30+0200"]
    later = convert(berlin("02:31", 1))
    assert shown(*night.between(second, later)) == ["27 02:30+0100"]


def test_runs_between_folds_exclude_what_is_over():
    runs = schedule("02:30").between(berlin("02:10", 1), berlin("12:00"))
    assert runs == []


def test_once_is_still_once():
    for policy in (OverlapPolicy.FIRST, OverlapPolicy.SECOND):
        runs = schedule("02:30", overlap=policy).between(berlin("00:00"), berlin("12:00"))
        assert len(runs) == 1


def test_times_given_twice_run_once():
    night = schedule("02:30", "02:30", "12:00", "12:00", overlap=OverlapPolicy.BOTH)
    runs = night.between(berlin("00:00"), berlin("23:00"))
    assert shown(*runs) == ["27 02:30+0200", "27 02:30+0100", "27 12:00+0100"]


def test_short_overlap_on_lord_howe():
    start = datetime(2024, 4, 6, 12, tzinfo=UTC)
    night = schedule("01:45", zone=LORD_HOWE, overlap=OverlapPolicy.BOTH)
    first = night.next_after(start)
    second = night.next_after(first)
    assert shown(first, second) == ["07 01:45+1100", "07 01:45+1030"]
    assert elapsed(first, second) == timedelta(minutes=30)


def test_new_york():
    night = schedule("01:30", zone=NEW_YORK, overlap=OverlapPolicy.BOTH)
    day = datetime(2024, 11, 3, tzinfo=NEW_YORK)
    runs = night.between(day, day + timedelta(days=1))
    assert shown(*runs) == ["03 01:30-0400", "03 01:30-0500"]


def test_runs_are_local_times_of_the_zone():
    night = schedule("02:30", overlap=OverlapPolicy.SECOND)
    run = night.next_after(as_utc(berlin("00:00")))
    assert run.tzinfo is BERLIN
    assert run.time() == time(2, 30)


def test_spring_is_as_before():
    start = datetime(2024, 3, 31, tzinfo=BERLIN)
    runs = schedule("02:30", "03:30").between(start, start + timedelta(days=1))
    assert shown(*runs) == ["31 03:30+0200"]


def test_skipped_day_does_not_repeat_a_run():
    morning = schedule("09:00", zone=APIA)
    runs = morning.between(datetime(2011, 12, 29, tzinfo=APIA), datetime(2012, 1, 1, tzinfo=APIA))
    assert shown(*runs) == ["29 09:00-1000", "31 09:00+1400"]


def test_naive_moments_are_still_refused():
    night = schedule("02:30")
    with pytest.raises(ValueError):
        night.next_after(datetime(2024, 10, 27))
    with pytest.raises(ValueError):
        night.between(datetime(2024, 10, 27), berlin("12:00"))
