"""Spans of days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from .duration import add_months
from .errors import SpanError

ONE_DAY = timedelta(days=1)
_SEPARATOR = ".."


@dataclass(frozen=True, slots=True, order=True)
class DateSpan:
    """The days from ``start`` up to, but not including, ``end``."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise SpanError(f"{self.end} is before {self.start}")

    @classmethod
    def month(cls, year: int, month: int) -> DateSpan:
        """A calendar month."""
        first = date(year, month, 1)
        return cls(first, add_months(first, 1))

    @classmethod
    def year(cls, year: int) -> DateSpan:
        """A calendar year."""
        return cls(date(year, 1, 1), date(year + 1, 1, 1))

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def is_empty(self) -> bool:
        return self.start == self.end

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def dates(self) -> Iterator[date]:
        """All days of the span."""
        return (self.start + timedelta(days=n) for n in range(self.days))

    def overlaps(self, other: DateSpan) -> bool:
        """Whether the spans share a day."""
        return not self.intersection(other).is_empty

    def intersection(self, other: DateSpan) -> DateSpan:
        """The shared days; an empty span if there are none."""
        start = max(self.start, other.start)
        return DateSpan(start, max(start, min(self.end, other.end)))


def parse_span(text: str) -> DateSpan:
    """Parse ``first..last``, both days included, or a single day."""
    first_text, separator, last_text = text.strip().partition(_SEPARATOR)
    try:
        first = date.fromisoformat(first_text.strip())
        last = date.fromisoformat(last_text.strip()) if separator else first
    except ValueError:
        raise SpanError(f"not a span: {text!r}") from None
    if last < first:
        raise SpanError(f"{last} is before {first}")
    return DateSpan(first, last + ONE_DAY)


def format_span(span: DateSpan) -> str:
    """The text form of a span that is not empty, see :func:`parse_span`."""
    last = span.end - ONE_DAY
    return f"{span.start.isoformat()}{_SEPARATOR}{last.isoformat()}"


def merge_spans(spans: Iterable[DateSpan]) -> list[DateSpan]:
    """Join spans that overlap or touch; empty ones vanish."""
    merged: list[DateSpan] = []
    for span in sorted(span for span in spans if not span.is_empty):
        if merged and span.start <= merged[-1].end:
            merged[-1] = DateSpan(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def gaps(spans: Iterable[DateSpan], within: DateSpan) -> list[DateSpan]:
    """The parts of ``within`` that none of the spans covers."""
    free: list[DateSpan] = []
    cursor = within.start
    for span in merge_spans(within.intersection(span) for span in spans):
        if cursor < span.start:
            free.append(DateSpan(cursor, span.start))
        cursor = span.end
    if cursor < within.end:
        free.append(DateSpan(cursor, within.end))
    return free
