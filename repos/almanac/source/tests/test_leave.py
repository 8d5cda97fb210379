from datetime import date

import pytest

from almanac import DateSpan, LeaveBook, LeaveConflict


@pytest.fixture
def book(office) -> LeaveBook:
    return LeaveBook(office, allowance=10)


def test_request_costs_business_days(book):
    assert book.request("2024-03-25..2024-04-05") == 8
    assert book.taken(2024) == 8
    assert book.remaining(2024) == 2


def test_single_day(book):
    assert book.request("2024-03-04") == 1


def test_request_by_span(book):
    assert book.request(DateSpan(date(2024, 3, 4), date(2024, 3, 9))) == 5


def test_no_day_twice(book):
    book.request("2024-03-04..2024-03-08")
    with pytest.raises(LeaveConflict, match="2024-03-04..2024-03-08"):
        book.request("2024-03-08..2024-03-11")
    assert book.request("2024-03-11") == 1


def test_allowance(book):
    with pytest.raises(LeaveConflict, match="not enough"):
        book.request("2024-06-03..2024-06-28")


def test_leave_over_new_year(book):
    assert book.request("2023-12-27..2024-01-03") == 5
    assert (book.taken(2023), book.taken(2024)) == (3, 2)


def test_absences(book):
    book.request("2024-03-11..2024-03-12")
    book.request("2024-03-04..2024-03-10")
    book.request("2024-03-14")
    assert book.absences() == ["2024-03-04..2024-03-12", "2024-03-14..2024-03-14"]
