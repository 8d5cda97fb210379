"""Booking of leave."""

from __future__ import annotations

from dataclasses import dataclass, field

from .business import count_business_days
from .errors import LeaveConflict
from .holidays import HolidayCalendar
from .spans import DateSpan, format_span, merge_spans, parse_span


@dataclass
class LeaveBook:
    """The leave of one person; no day can be booked twice."""

    calendar: HolidayCalendar
    allowance: int
    booked: list[DateSpan] = field(default_factory=list)

    def request(self, period: str | DateSpan) -> int:
        """Book leave; return how many days of the allowance it takes."""
        span = parse_span(period) if isinstance(period, str) else period
        for other in self.booked:
            if span.overlaps(other):
                raise LeaveConflict(f"already booked: {format_span(other)}")
        cost = count_business_days(span, self.calendar)
        if cost > self.remaining(span.start.year):
            raise LeaveConflict(f"{cost} days requested, not enough left")
        self.booked.append(span)
        return cost

    def taken(self, year: int) -> int:
        """The business days booked in a calendar year."""
        period = DateSpan.year(year)
        return sum(
            count_business_days(span.intersection(period), self.calendar) for span in self.booked
        )

    def remaining(self, year: int) -> int:
        return self.allowance - self.taken(year)

    def absences(self) -> list[str]:
        """The booked periods as text, adjacent ones joined."""
        return [format_span(span) for span in merge_spans(self.booked)]
