from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ledger import CurrencyMismatch, Discount, Document, Kind, LedgerError, LineItem, Money, VatRate


def test_totals_on_mixed_rates(invoice):
    totals = invoice.totals()
    assert totals.net == Money.of("150.00", "EUR")
    assert totals.tax == Money.of("22.50", "EUR")
    assert totals.gross == Money.of("172.50", "EUR")
    assert [group.tax.amount for group in totals.groups] == [19, Decimal("3.5")]


def test_tax_is_rounded_once_per_rate():
    stamp = LineItem("Stamp", 1, Money.of("0.03", "EUR"), VatRate.of(19))
    document = Document("INV-2", date(2024, 3, 2), (stamp,) * 10)
    assert document.totals().tax == Money.of("0.06", "EUR")


def test_half_a_cent_of_tax_rounds_up():
    document = Document(
        "INV-3", date(2024, 3, 2), (LineItem("Pencil", 1, Money.of("1.50", "EUR"), VatRate.of(19)),)
    )
    assert document.totals().gross == Money.of("1.79", "EUR")


def test_document_discount_is_spread_over_the_rates(invoice):
    totals = replace(invoice, discount=Discount.percentage(10)).totals()
    assert totals.discount == Money.of("15.00", "EUR")
    assert [group.net.amount for group in totals.groups] == [90, 45]
    assert totals.gross == Money.of("155.25", "EUR")


def test_fixed_document_discount(invoice):
    discount = Discount.fixed(Money.of("1.00", "EUR"))
    totals = replace(invoice, discount=discount).totals()
    assert [group.net.amount for group in totals.groups] == [Decimal("99.33"), Decimal("49.67")]


def test_prices_including_vat():
    document = Document(
        "INV-4",
        date(2024, 3, 2),
        (LineItem("Mug", 3, Money.of("9.99", "EUR"), VatRate.of(19)),),
        prices_include_vat=True,
    )
    totals = document.totals()
    assert totals.gross == Money.of("29.97", "EUR")
    assert totals.tax == Money.of("4.79", "EUR")


def test_returned_deposit_reduces_the_invoice(invoice):
    deposit = LineItem("Crate", -1, Money.of("5.00", "EUR"), VatRate.of(19))
    totals = replace(invoice, lines=(*invoice.lines, deposit)).totals()
    assert totals.net == Money.of("145.00", "EUR")


def test_credit_note_has_positive_totals(invoice):
    note = invoice.credit_note("CN-1", date(2024, 3, 9))
    assert note.kind is Kind.CREDIT_NOTE
    assert note.corrects == "INV-1"
    assert note.totals() == invoice.totals()


def test_partial_credit_note(invoice):
    note = invoice.credit_note("CN-1", date(2024, 3, 9), invoice.lines[1:])
    assert note.totals().gross == Money.of("53.50", "EUR")


def test_fixed_discount_stays_with_the_whole(invoice):
    discounted = replace(invoice, discount=Discount.fixed(Money.of(1, "EUR")))
    note = discounted.credit_note("CN-1", date(2024, 3, 9), invoice.lines[:1])
    assert note.discount is None


def test_credit_notes_are_not_credited(invoice):
    note = invoice.credit_note("CN-1", date(2024, 3, 9))
    with pytest.raises(LedgerError):
        note.credit_note("CN-2", date(2024, 3, 9))


def test_bad_documents(invoice):
    with pytest.raises(LedgerError):
        replace(invoice, lines=())
    with pytest.raises(LedgerError):
        replace(invoice, corrects="INV-0")
    with pytest.raises(CurrencyMismatch):
        dollar = LineItem("Mug", 1, Money.of(1, "USD"), VatRate.of(19))
        replace(invoice, lines=(*invoice.lines, dollar))
