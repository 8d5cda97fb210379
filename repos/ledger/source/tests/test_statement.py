from datetime import date

import pytest

from ledger import CurrencyMismatch, Money, Payment, build_statement, parse_document


def pay(ident, day, amount, currency="EUR"):
    return Payment(ident, date(2024, 3, day), Money.of(amount, currency))


def credit_record(issued="2024-03-09"):
    return {
        "number": "CN-1",
        "type": "credit_note",
        "issued": issued,
        "currency": "EUR",
        "corrects": "INV-1",
        "lines": [{"description": "Handbook", "unit_price_minor": 5000, "vat": 7}],
    }


def test_running_balance(invoice, make_invoice):
    statement = build_statement(
        [make_invoice("INV-2", 3, "10"), invoice], [pay("P1", 2, "100")], currency="EUR"
    )
    assert [line.number for line in statement.lines] == ["INV-1", "P1", "INV-2"]
    assert [line.balance.format() for line in statement.lines] == ["172.50", "72.50", "82.50"]
    assert statement.closing == Money.of("82.50", "EUR")


def test_imported_credit_note_lowers_the_balance(invoice):
    note = parse_document(credit_record())
    statement = build_statement([invoice, note], [], currency="EUR")
    assert statement.lines[1].credit == Money.of("53.50", "EUR")
    assert statement.closing == Money.of("119.00", "EUR")


def test_credit_note_lowers_the_balance(invoice):
    note = invoice.credit_note("CN-1", date(2024, 3, 9))
    statement = build_statement([invoice, note], [], currency="EUR")
    assert statement.lines[1].credit == Money.of("172.50", "EUR")
    assert statement.lines[1].debit.is_zero
    assert statement.closing.is_zero


def test_documents_come_before_payments(make_invoice):
    statement = build_statement(
        [make_invoice("INV-1", 1, "10")], [pay("A1", 1, "10")], currency="EUR"
    )
    assert [line.type for line in statement.lines] == ["invoice", "payment"]


def test_period(make_invoice):
    statement = build_statement(
        [make_invoice(f"INV-{day}", day, "10") for day in range(1, 6)],
        [],
        currency="EUR",
        opening=Money.of("1", "EUR"),
        since=date(2024, 3, 3),
        until=date(2024, 3, 4),
    )
    assert statement.opening == Money.of("21", "EUR")
    assert [line.number for line in statement.lines] == ["INV-3", "INV-4"]
    assert statement.closing == Money.of("41", "EUR")


def test_empty_statement():
    statement = build_statement([], [], currency="JPY")
    assert statement.closing == Money.zero("JPY")
    assert statement.to_csv() == "date,type,number,debit,credit,balance\n"


def test_csv(invoice):
    note = parse_document(credit_record())
    statement = build_statement([invoice, note], [pay("P1", 10, "119")], currency="EUR")
    assert statement.to_csv().splitlines() == [
        "date,type,number,debit,credit,balance",
        "2024-03-01,invoice,INV-1,172.50,,172.50",
        "2024-03-09,credit_note,CN-1,,53.50,119.00",
        "2024-03-10,payment,P1,,119.00,0.00",
    ]


def test_csv_has_the_digits_of_the_currency(make_invoice):
    statement = build_statement([make_invoice("INV-1", 1, "1200", "JPY")], [], currency="JPY")
    assert statement.to_csv().splitlines()[1].endswith(",1200,,1200")


def test_one_currency_per_statement(make_invoice):
    with pytest.raises(CurrencyMismatch):
        build_statement([make_invoice("INV-1", 1, "1")], [], currency="USD")
