from datetime import date

import pytest

from ledger import (
    Kind,
    LineItem,
    Money,
    Payment,
    VatRate,
    build_statement,
    load_feed,
    match_payments,
    parse_document,
)

LAMP = {"description": "Desk lamp", "quantity": "2", "unit_price_minor": 5000, "vat": "19"}
BOOK = {"description": "Handbook", "quantity": "1", "unit_price_minor": 5000, "vat": "7"}
FEE = {"description": "Restocking", "quantity": "-1", "unit_price_minor": 1000, "vat": "19"}


def eur(amount):
    return Money.of(amount, "EUR")


def feed_note(*lines, **changes):
    record = {
        "number": "CN-1",
        "type": "credit_note",
        "issued": "2024-03-09",
        "currency": "EUR",
        "corrects": "INV-1",
        "lines": list(lines),
    }
    return parse_document(record | changes)


def own_note(invoice, lines=None):
    return invoice.credit_note("CN-1", date(2024, 3, 9), lines)


def test_feed_note_has_positive_totals():
    totals = feed_note(LAMP, BOOK).totals()
    assert (totals.net, totals.tax) == (eur("150.00"), eur("22.50"))
    assert totals.gross == eur("172.50")
    assert [group.gross for group in totals.groups] == [eur("119.00"), eur("53.50")]


def test_feed_note_keeps_its_quantities():
    note = feed_note(LAMP, BOOK, FEE)
    assert note.kind is Kind.CREDIT_NOTE
    assert [line.quantity for line in note.lines] == [2, 1, -1]


def test_both_ways_give_the_same_note(invoice):
    assert feed_note(LAMP, BOOK) == own_note(invoice)


def test_deduction_makes_a_feed_note_smaller():
    assert feed_note(LAMP, FEE).totals().net == eur("90.00")


def test_feed_note_with_discount_and_two_rates():
    totals = feed_note(LAMP, BOOK, discount_percent="10").totals()
    assert totals.discount == eur("15.00")
    assert totals.gross == eur("155.25")


def test_feed_note_including_vat_in_yen():
    line = {"description": "Tea", "quantity": "3", "unit_price_minor": "110", "vat": "10"}
    totals = feed_note(line, currency="JPY", prices_include_vat=True).totals()
    assert totals.gross == Money.of("330", "JPY")
    assert totals.tax == Money.of("30", "JPY")


def test_own_note_lowers_the_balance(invoice):
    statement = build_statement([invoice, own_note(invoice)], [], currency="EUR")
    line = statement.lines[1]
    assert (line.type, line.debit, line.credit) == ("credit_note", eur(0), eur("172.50"))
    assert statement.closing.is_zero


def test_feed_note_lowers_the_balance(invoice):
    statement = build_statement([invoice, feed_note(BOOK)], [], currency="EUR")
    assert statement.lines[1].credit == eur("53.50")
    assert statement.closing == eur("119.00")


def test_own_note_in_the_opening_balance(invoice):
    statement = build_statement(
        [invoice, own_note(invoice, invoice.lines[1:])], [], currency="EUR", since=date(2024, 3, 10)
    )
    assert statement.opening == eur("119.00")


@pytest.mark.parametrize("own", [True, False])
def test_note_of_nothing_but_a_deduction_raises_the_balance(invoice, own):
    fee = LineItem("Restocking", -1, eur("10.00"), VatRate.of(19))
    note = own_note(invoice, [fee]) if own else feed_note(FEE)
    statement = build_statement([invoice, note], [], currency="EUR")
    assert statement.lines[1].debit == eur("11.90")
    assert statement.closing == eur("184.40")


def test_negative_invoice_still_lowers_the_balance():
    refund = parse_document(
        {"number": "INV-5", "issued": "2024-03-01", "currency": "EUR", "lines": [FEE]}
    )
    assert refund.totals().gross == eur("-11.90")
    statement = build_statement([refund], [], currency="EUR")
    assert statement.closing == eur("-11.90")


def test_csv_of_both_kinds(invoice):
    notes = [
        own_note(invoice, invoice.lines[1:]),
        feed_note(FEE, LAMP, number="CN-2", issued="2024-03-10"),
    ]
    text = build_statement([invoice, *notes], [], currency="EUR").to_csv()
    assert text.splitlines()[1:] == [
        "2024-03-01,invoice,INV-1,172.50,,172.50",
        "2024-03-09,credit_note,CN-1,,53.50,119.00",
        "2024-03-10,credit_note,CN-2,,107.10,11.90",
    ]


def test_feed_note_settles_its_invoice(invoice):
    payment = Payment("P1", date(2024, 3, 12), eur("119.00"))
    result = match_payments([invoice, feed_note(BOOK)], [payment])
    assert result.open == {}
    assert result.unused == {}
    assert [item.amount for item in result.settlements] == [eur("53.50"), eur("119.00")]


def test_invoices_of_a_feed_are_as_before():
    (document,) = load_feed(
        '[{"number": "INV-7", "issued": "2024-03-01", "currency": "EUR", "lines": '
        '[{"description": "Paper", "quantity": "3", "unit_price_minor": 420, "vat": "19"}]}]'
    )
    assert document.totals().gross == eur("14.99")
    statement = build_statement([document], [], currency="EUR")
    assert statement.closing == eur("14.99")
