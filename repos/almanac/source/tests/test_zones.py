from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from almanac import (
    AmbiguousTime,
    GapPolicy,
    NonexistentTime,
    OverlapPolicy,
    elapsed,
    resolve,
    to_utc,
)

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
GAP = datetime(2024, 3, 31, 2, 30)
OVERLAP = datetime(2024, 10, 27, 2, 30)


def shown(moments):
    return [moment.strftime("%H:%M%z") for moment in moments]


def test_ordinary_time():
    assert shown(resolve(datetime(2024, 7, 1, 12), BERLIN)) == ["12:00+0200"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (GapPolicy.FORWARD, ["03:30+0200"]),
        (GapPolicy.BACKWARD, ["01:30+0100"]),
        (GapPolicy.SKIP, []),
    ],
)
def test_gap(policy, expected):
    assert shown(resolve(GAP, BERLIN, gap=policy)) == expected


def test_gaps_may_be_short():
    moments = resolve(datetime(2023, 10, 1, 2, 15), LORD_HOWE)
    assert shown(moments) == ["02:45+1100"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (OverlapPolicy.FIRST, ["02:30+0200"]),
        (OverlapPolicy.SECOND, ["02:30+0100"]),
        (OverlapPolicy.BOTH, ["02:30+0200", "02:30+0100"]),
    ],
)
def test_overlap(policy, expected):
    assert shown(resolve(OVERLAP, BERLIN, overlap=policy)) == expected


def test_strict_policies():
    with pytest.raises(NonexistentTime, match="2024-03-31 02:30:00 .* Europe/Berlin"):
        resolve(GAP, BERLIN, gap=GapPolicy.RAISE)
    with pytest.raises(AmbiguousTime):
        resolve(OVERLAP, BERLIN, overlap=OverlapPolicy.RAISE)


def test_elapsed_is_not_wall_time():
    start = datetime(2024, 3, 31, 1, tzinfo=BERLIN)
    assert elapsed(start, datetime(2024, 3, 31, 4, tzinfo=BERLIN)) == timedelta(hours=2)


def test_time_zone_is_needed_or_refused():
    with pytest.raises(ValueError):
        to_utc(GAP)
    with pytest.raises(ValueError):
        resolve(GAP.replace(tzinfo=UTC), BERLIN)
