from datetime import date

import pytest

from almanac import DateSpan, SpanError, format_span, gaps, merge_spans, parse_span


def test_end_is_not_part_of_a_span(march):
    span = DateSpan(march(4), march(9))
    assert span.days == 5
    assert march(8) in span
    assert march(9) not in span
    assert list(span.dates())[-1] == march(8)


def test_empty_span(march):
    span = DateSpan(march(4), march(4))
    assert span.is_empty
    assert march(4) not in span


def test_span_must_not_end_before_it_starts(march):
    with pytest.raises(SpanError):
        DateSpan(march(4), march(3))


def test_month_and_year():
    assert DateSpan.month(2024, 2).days == 29
    assert DateSpan.month(2023, 12).end == date(2024, 1, 1)
    assert DateSpan.year(2024).days == 366


def test_adjacent_spans_do_not_overlap(march):
    assert not DateSpan(march(4), march(9)).overlaps(DateSpan(march(9), march(10)))
    assert DateSpan(march(4), march(9)).overlaps(DateSpan(march(8), march(10)))


def test_intersection(march):
    span = DateSpan(march(4), march(9)).intersection(DateSpan(march(6), march(20)))
    assert span == DateSpan(march(6), march(9))
    assert span.intersection(DateSpan(march(20), march(21))).is_empty


def test_text_names_the_last_day(march):
    assert parse_span("2024-03-04..2024-03-08") == DateSpan(march(4), march(9))
    assert parse_span("2024-03-04") == DateSpan(march(4), march(5))
    assert format_span(DateSpan(march(4), march(9))) == "2024-03-04..2024-03-08"


@pytest.mark.parametrize(
    "text", ["2024-03-04..2024-03-08", "2024-02-28..2024-03-01", "2023-12-31..2024-01-01"]
)
def test_text_round_trip(text):
    assert format_span(parse_span(f" {text} ")) == text


@pytest.mark.parametrize("text", ["", "today", "2024-03-04..", "2024-03-04..2024-03-03"])
def test_not_a_span(text):
    with pytest.raises(SpanError):
        parse_span(text)


def test_merge_joins_what_touches(march):
    spans = [DateSpan(march(9), march(12)), DateSpan(march(4), march(9))]
    assert merge_spans(spans) == [DateSpan(march(4), march(12))]


def test_merge_keeps_gaps_and_drops_empty_spans(march):
    spans = [
        DateSpan(march(4), march(9)),
        DateSpan(march(5), march(6)),
        DateSpan(march(10), march(11)),
        DateSpan(march(9), march(9)),
    ]
    assert merge_spans(spans) == [DateSpan(march(4), march(9)), DateSpan(march(10), march(11))]


def test_gaps(march):
    taken = [DateSpan(march(6), march(8)), DateSpan(march(1), march(5))]
    within = DateSpan(march(4), march(10))
    assert gaps(taken, within) == [DateSpan(march(5), march(6)), DateSpan(march(8), march(10))]
    assert gaps([], within) == [within]
    assert gaps([within], within) == []
