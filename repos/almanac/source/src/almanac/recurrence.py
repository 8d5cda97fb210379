"""Rules for recurring dates."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from .errors import RuleError
from .holidays import nth_weekday
from .spans import DateSpan


class Frequency(Enum):
    """The unit in which a rule repeats."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


class ShortMonth(Enum):
    """What becomes of a day that a month does not have."""

    LAST_DAY = "last day"
    SKIP = "skip"
    NEXT_MONTH = "next month"


@dataclass(frozen=True, slots=True)
class Rule:
    """A start date and how it repeats.

    ``weekdays`` (0 is Monday) applies to weekly rules, ``month_days`` and
    ``nth`` (a pair of number and weekday) to monthly ones. Without them the
    rule repeats the start date. ``until`` is the last possible day.
    """

    start: date
    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | None = None
    weekdays: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    nth: tuple[int, int] | None = None
    short_month: ShortMonth = ShortMonth.LAST_DAY

    def __post_init__(self) -> None:
        if self.interval < 1:
            raise RuleError("the interval must be positive")
        if self.count is not None and self.count < 0:
            raise RuleError("the count must not be negative")
        if self.weekdays and self.frequency is not Frequency.WEEKLY:
            raise RuleError("weekdays need a weekly rule")
        if (self.month_days or self.nth) and self.frequency is not Frequency.MONTHLY:
            raise RuleError("month days need a monthly rule")
        if self.month_days and self.nth:
            raise RuleError("give either month days or an n-th weekday")
        if any(day == 0 or abs(day) > 31 for day in self.month_days):
            raise RuleError("month days are 1 to 31 or -31 to -1")

    def __iter__(self) -> Iterator[date]:
        """The dates in order, each once, from the start on."""
        produced = 0
        previous: date | None = None
        for day in self._candidates():
            if day < self.start or (previous is not None and day <= previous):
                continue
            if self.until is not None and day > self.until:
                return
            if self.count is not None and produced >= self.count:
                return
            produced += 1
            previous = day
            yield day

    def between(self, span: DateSpan) -> list[date]:
        """The dates within a span."""
        found = []
        for day in self:
            if day >= span.end:
                break
            if day in span:
                found.append(day)
        return found

    def _candidates(self) -> Iterator[date]:
        try:
            if self.frequency is Frequency.DAILY:
                yield from self._every(timedelta(days=self.interval))
            elif self.frequency is Frequency.WEEKLY:
                yield from self._weekly()
            else:
                yield from self._monthly()
        except OverflowError:
            return

    def _every(self, step: timedelta) -> Iterator[date]:
        day = self.start
        while True:
            yield day
            day += step

    def _weekly(self) -> Iterator[date]:
        if not self.weekdays:
            yield from self._every(timedelta(weeks=self.interval))
            return
        monday = self.start - timedelta(days=self.start.weekday())
        while True:
            for weekday in sorted(set(self.weekdays)):
                yield monday + timedelta(days=weekday)
            monday += timedelta(weeks=self.interval)

    def _monthly(self) -> Iterator[date]:
        step = self.interval * (12 if self.frequency is Frequency.YEARLY else 1)
        index = self.start.year * 12 + self.start.month - 1
        while index // 12 <= date.max.year:
            year, month = index // 12, index % 12 + 1
            days = [self._day_of(year, month, wanted) for wanted in self._wanted()]
            if self.nth is not None:
                number, weekday = self.nth
                days = [nth_weekday(year, month, weekday, number)]
            yield from sorted(day for day in days if day is not None)
            index += step

    def _wanted(self) -> tuple[int, ...]:
        return self.month_days or (self.start.day,)

    def _day_of(self, year: int, month: int, wanted: int) -> date | None:
        """The day of a month that ``wanted`` stands for, if there is one."""
        length = monthrange(year, month)[1]
        if wanted < 0:
            wanted += length + 1
            return date(year, month, wanted) if wanted > 0 else None
        if wanted > length:
            if self.short_month is ShortMonth.SKIP:
                return None
            if self.short_month is ShortMonth.NEXT_MONTH:
                return date(year, month, length) + timedelta(days=1)
            wanted = length
        return date(year, month, wanted)
