from datetime import date

import pytest

from almanac import (
    DateSpan,
    LeaveBook,
    LeaveConflict,
    count_business_days,
    format_span,
    gaps,
    merge_spans,
    parse_span,
)


@pytest.fixture
def book(office) -> LeaveBook:
    return LeaveBook(office, allowance=30)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024-03-04..2024-03-08", date(2024, 3, 4), date(2024, 3, 9)),
        ("2024-03-04", date(2024, 3, 4), date(2024, 3, 5)),
        ("2024-03-04..2024-03-04", date(2024, 3, 4), date(2024, 3, 5)),
        ("2024-02-01..2024-02-29", date(2024, 2, 1), date(2024, 3, 1)),
        ("2024-12-31", date(2024, 12, 31), date(2025, 1, 1)),
    ],
)
def test_parsed_spans_include_the_last_day(text, start, end):
    span = parse_span(text)
    assert span == DateSpan(start, end)
    assert span.days == (end - start).days


def test_last_typed_day_is_in_the_span():
    span = parse_span("2024-03-04..2024-03-08")
    assert date(2024, 3, 8) in span
    assert date(2024, 3, 9) not in span
    assert list(span.dates())[-1] == date(2024, 3, 8)


def test_typed_month_is_the_month():
    assert parse_span("2024-02-01..2024-02-29") == DateSpan.month(2024, 2)
    assert parse_span("2024-01-01..2024-12-31") == DateSpan.year(2024)


def test_format_names_the_last_day(march):
    assert format_span(DateSpan(march(4), march(9))) == "2024-03-04..2024-03-08"
    assert format_span(DateSpan(march(4), march(5))) == "2024-03-04..2024-03-04"
    assert format_span(DateSpan.year(2024)) == "2024-01-01..2024-12-31"


def test_round_trips():
    for text in ("2024-03-04..2024-03-08", "2023-12-31..2024-01-01", "2024-02-29..2024-02-29"):
        assert format_span(parse_span(text)) == text


@pytest.mark.parametrize(
    ("month", "expected"), [(2, 21), (3, 21), (5, 23), (6, 20), (8, 22), (9, 21)]
)
def test_count_of_months(plain, month, expected):
    assert count_business_days(DateSpan.month(2024, month), plain) == expected


def test_count_adds_up_over_a_year(office):
    months = [count_business_days(DateSpan.month(2024, month), office) for month in range(1, 13)]
    assert sum(months) == count_business_days(DateSpan.year(2024), office) == 256


def test_count_of_short_spans(plain, march):
    assert count_business_days(DateSpan(march(2), march(4)), plain) == 0
    assert count_business_days(DateSpan(march(4), march(4)), plain) == 0
    assert count_business_days(DateSpan(march(4), march(5)), plain) == 1


def test_count_of_typed_spans(plain):
    assert count_business_days(parse_span("2024-03-04..2024-03-08"), plain) == 5
    assert count_business_days(parse_span("2024-03-04..2024-03-10"), plain) == 5
    assert count_business_days(parse_span("2024-03-04"), plain) == 1
    assert count_business_days(parse_span("2024-03-02..2024-03-03"), plain) == 0


def test_shared_last_day_is_a_conflict(book):
    assert book.request("2024-03-04..2024-03-08") == 5
    with pytest.raises(LeaveConflict, match="2024-03-04..2024-03-08"):
        book.request("2024-03-08..2024-03-11")
    with pytest.raises(LeaveConflict):
        book.request("2024-03-08")
    assert book.request("2024-03-11") == 1
    assert book.taken(2024) == 6


def test_single_days_are_booked_once(book):
    assert book.request("2024-03-14") == 1
    with pytest.raises(LeaveConflict):
        book.request("2024-03-14")


def test_typed_and_made_spans_cost_the_same(book, office):
    other = LeaveBook(office, allowance=30)
    assert book.request("2024-03-04..2024-03-08") == 5
    assert other.request(DateSpan(date(2024, 3, 4), date(2024, 3, 9))) == 5
    assert book.booked == other.booked


def test_absences_are_joined(book):
    for text in ("2024-03-11..2024-03-12", "2024-03-04..2024-03-10", "2024-03-14"):
        book.request(text)
    assert book.absences() == ["2024-03-04..2024-03-12", "2024-03-14..2024-03-14"]


def test_one_day_between_keeps_absences_apart(book):
    book.request("2024-03-04..2024-03-05")
    book.request("2024-03-07..2024-03-08")
    assert book.absences() == ["2024-03-04..2024-03-05", "2024-03-07..2024-03-08"]


def test_leave_is_counted_in_its_year(office):
    book = LeaveBook(office, allowance=30)
    assert book.request("2024-12-30..2025-01-02") == 3
    assert (book.taken(2024), book.taken(2025)) == (2, 1)
    assert book.request("2025-12-30..2025-12-31") == 2
    assert (book.taken(2025), book.taken(2026)) == (3, 0)


def test_adjacent_spans_are_as_before(march):
    left, right = DateSpan(march(4), march(9)), DateSpan(march(9), march(12))
    assert not left.overlaps(right)
    assert merge_spans([left, right]) == [DateSpan(march(4), march(12))]
    assert gaps([left], DateSpan(march(4), march(12))) == [right]
