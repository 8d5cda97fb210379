"""Recurrences, business days, date spans and zone-aware schedules."""

from .business import Roll, add_business_days, count_business_days, roll
from .duration import Duration, parse_duration
from .errors import (
    AlmanacError,
    AmbiguousTime,
    DurationError,
    LeaveConflict,
    NoOccurrence,
    NonexistentTime,
    RuleError,
    SpanError,
)
from .holidays import EasterOffset, FixedDay, HolidayCalendar, NthWeekdayOf
from .leave import LeaveBook
from .recurrence import Frequency, Rule, ShortMonth
from .schedule import Schedule
from .spans import DateSpan, format_span, gaps, merge_spans, parse_span
from .zones import GapPolicy, OverlapPolicy, elapsed, resolve, to_utc

# fmt: off
__all__ = [
    "AlmanacError", "AmbiguousTime", "DateSpan", "Duration", "DurationError", "EasterOffset",
    "FixedDay", "Frequency", "GapPolicy", "HolidayCalendar", "LeaveBook", "LeaveConflict",
    "NoOccurrence", "NonexistentTime", "NthWeekdayOf", "OverlapPolicy", "Roll", "Rule",
    "RuleError", "Schedule", "ShortMonth", "SpanError", "add_business_days",
    "count_business_days", "elapsed", "format_span", "gaps", "merge_spans", "parse_duration",
    "parse_span", "resolve", "roll", "to_utc",
]
