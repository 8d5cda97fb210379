from datetime import date

import pytest

from ledger import Discount, Document, LineItem, Money, Rounding, VatRate
from ledger.vat import tax_in_gross, tax_on_net


@pytest.mark.parametrize(
    ("net", "percent", "tax"),
    [
        ("3.50", "19", "0.67"),
        ("5.50", "19", "1.05"),
        ("1.50", "7", "0.11"),
        ("0.10", "5", "0.01"),
        ("0.30", "5", "0.02"),
        ("0.50", "5", "0.03"),
        ("4.20", "2.5", "0.11"),
        ("1234567890.50", "21", "259259257.01"),
    ],
)
def test_ties_go_away_from_zero(net, percent, tax):
    assert tax_on_net(Money.of(net, "EUR"), VatRate.of(percent)) == Money.of(tax, "EUR")


@pytest.mark.parametrize(("net", "tax"), [("-1.50", "-0.29"), ("-5.50", "-1.05")])
def test_ties_of_deductions(net, tax):
    assert tax_on_net(Money.of(net, "EUR"), VatRate.of(19)) == Money.of(tax, "EUR")


@pytest.mark.parametrize(
    ("net", "code", "percent", "tax"),
    [("125", "JPY", "10", "13"), ("105", "JPY", "10", "11"), ("0.250", "KWD", "5", "0.013")],
)
def test_ties_in_other_currencies(net, code, percent, tax):
    assert tax_on_net(Money.of(net, code), VatRate.of(percent)) == Money.of(tax, code)


@pytest.mark.parametrize(
    ("net", "tax"), [("1.49", "0.28"), ("1.51", "0.29"), ("0.01", "0.00"), ("0.04", "0.01")]
)
def test_other_amounts_go_to_the_nearest_cent(net, tax):
    assert tax_on_net(Money.of(net, "EUR"), VatRate.of(19)) == Money.of(tax, "EUR")


def test_ties_at_several_rates():
    lines = [
        LineItem("Pencil", 3, Money.of("0.50", "EUR"), VatRate.of(19)),
        LineItem("Booklet", 1, Money.of("1.50", "EUR"), VatRate.of(7)),
        LineItem("Poster", 1, Money.of("10.00", "EUR"), VatRate.of(0)),
    ]
    totals = Document("INV-9", date(2024, 5, 2), tuple(lines)).totals()
    assert totals.tax == Money.of("0.40", "EUR")
    assert totals.gross == Money.of("13.40", "EUR")


def test_tie_after_a_document_discount():
    line = LineItem("Folder", 1, Money.of("3.00", "EUR"), VatRate.of(19))
    document = Document("INV-9", date(2024, 5, 2), (line,), discount=Discount.percentage(50))
    assert document.totals().gross == Money.of("1.79", "EUR")


def test_tax_in_gross_is_as_before():
    assert tax_in_gross(Money.of("0.63", "GBP"), VatRate.of(20)) == Money.of("0.11", "GBP")
    assert tax_in_gross(Money.of("29.97", "EUR"), VatRate.of(19)) == Money.of("4.79", "EUR")


def test_modes_keep_their_meaning():
    tie = Money.of("0.285", "EUR")
    assert tie.rounded(Rounding.BANKERS) == Money.of("0.28", "EUR")
    assert tie.rounded(Rounding.COMMERCIAL) == Money.of("0.29", "EUR")
    assert tie.rounded(Rounding.TOWARDS_ZERO) == Money.of("0.28", "EUR")
