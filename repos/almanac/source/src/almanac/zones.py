"""Local times in a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from .errors import AmbiguousTime, NonexistentTime


class GapPolicy(Enum):
    """What to do with a local time that does not exist.

    Moving goes by the length of the gap, so that 02:30 in a gap of one hour
    becomes 03:30 or 01:30.
    """

    FORWARD = "forward"
    BACKWARD = "backward"
    SKIP = "skip"
    RAISE = "raise"


class OverlapPolicy(Enum):
    """What to do with a local time that exists twice."""

    FIRST = "first"
    SECOND = "second"
    BOTH = "both"
    RAISE = "raise"


def resolve(
    local: datetime,
    zone: ZoneInfo,
    *,
    gap: GapPolicy = GapPolicy.FORWARD,
    overlap: OverlapPolicy = OverlapPolicy.FIRST,
) -> list[datetime]:
    """The moments at which the clocks in ``zone`` show a local time.

    Usually that is one moment; the policies decide about the other cases.
    """
    if local.tzinfo is not None:
        raise ValueError("expected a local time without time zone")
    first = local.replace(tzinfo=zone, fold=0)
    second = local.replace(tzinfo=zone, fold=1)
    change = _offset(second) - _offset(first)
    if change > timedelta(0):
        return _in_gap(local, zone, change, gap)
    if change < timedelta(0):
        if overlap is OverlapPolicy.RAISE:
            raise AmbiguousTime(local, zone.key)
        both = [first, second]
        return {OverlapPolicy.FIRST: both[:1], OverlapPolicy.SECOND: both[1:]}.get(overlap, both)
    return [first]


def to_utc(moment: datetime) -> datetime:
    """The same moment in UTC; naive datetimes are refused."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC)


def elapsed(start: datetime, end: datetime) -> timedelta:
    """The time that passes between two moments."""
    return to_utc(end) - to_utc(start)


def _in_gap(local: datetime, zone: ZoneInfo, change: timedelta, gap: GapPolicy) -> list[datetime]:
    if gap is GapPolicy.RAISE:
        raise NonexistentTime(local, zone.key)
    if gap is GapPolicy.SKIP:
        return []
    moved = local + change if gap is GapPolicy.FORWARD else local - change
    return [moved.replace(tzinfo=zone)]


def _offset(moment: datetime) -> timedelta:
    offset = moment.utcoffset()
    assert offset is not None
    return offset
