"""Daily runs at local times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .errors import NoOccurrence, RuleError
from .holidays import HolidayCalendar
from .spans import ONE_DAY, DateSpan
from .zones import GapPolicy, OverlapPolicy, resolve, to_utc

_SEARCH_DAYS = (2, 14, 400)


@dataclass(frozen=True)
class Schedule:
    """Something that runs every day at some local times.

    With a ``calendar`` it only runs on business days.
    """

    times: tuple[time, ...]
    zone: ZoneInfo
    calendar: HolidayCalendar | None = None
    gap: GapPolicy = GapPolicy.FORWARD
    overlap: OverlapPolicy = OverlapPolicy.FIRST

    def __post_init__(self) -> None:
        if not self.times:
            raise RuleError("a schedule needs times")
        if any(at.tzinfo is not None for at in self.times):
            raise RuleError("the times are local, without time zone")

    def next_after(self, moment: datetime) -> datetime:
        """The first run that is later than ``moment``."""
        after = to_utc(moment)
        today = after.astimezone(self.zone).date()
        for days in _SEARCH_DAYS:
            for run in self._runs(DateSpan(today - ONE_DAY, today + timedelta(days=days))):
                if to_utc(run) > after:
                    return run
        raise NoOccurrence(f"no run within {_SEARCH_DAYS[-1]} days of {moment}")

    def between(self, start: datetime, end: datetime) -> list[datetime]:
        """The runs from ``start`` up to, but not including, ``end``."""
        first, limit = to_utc(start), to_utc(end)
        if limit <= first:
            return []
        # a run may leave its day where the clocks go forward around midnight
        days = DateSpan(
            first.astimezone(self.zone).date() - ONE_DAY,
            limit.astimezone(self.zone).date() + 2 * ONE_DAY,
        )
        return [run for run in self._runs(days) if first <= to_utc(run) < limit]

    def _runs(self, days: DateSpan) -> list[datetime]:
        """The runs planned for some days, in the order in which they happen."""
        runs: dict[datetime, datetime] = {}
        for day in days.dates():
            for run in self._runs_on(day):
                runs.setdefault(to_utc(run), run)
        return [runs[instant] for instant in sorted(runs)]

    def _runs_on(self, day: date) -> list[datetime]:
        if self.calendar is not None and not self.calendar.is_business_day(day):
            return []
        return [
            run
            for at in self.times
            for run in resolve(
                datetime.combine(day, at), self.zone, gap=self.gap, overlap=self.overlap
            )
        ]
