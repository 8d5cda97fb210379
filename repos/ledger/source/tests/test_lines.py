import pytest

from ledger import CurrencyMismatch, Discount, LineItem, Money, VatRate

VAT = VatRate.of(19)


def line(quantity, price, discount=None):
    return LineItem("Thing", quantity, Money.of(price, "EUR"), VAT, discount)


def test_amount_is_quantity_times_price():
    assert line(3, "4.20").amount == Money.of("12.60", "EUR")


def test_sub_cent_prices_round_at_the_line():
    assert line(10, "0.0125").amount == Money.of("0.13", "EUR")


def test_percent_discount_rounds_commercially():
    item = line(1, "2.50", Discount.percentage(1))
    assert item.amount == Money.of("2.47", "EUR")


def test_fixed_discount_is_capped():
    item = line(1, "2.50", Discount.fixed(Money.of(3, "EUR")))
    assert item.amount.is_zero


def test_negative_quantity_is_a_deduction():
    item = line(-2, "0.25", Discount.percentage(10))
    assert item.amount == Money.of("-0.45", "EUR")


def test_bad_lines():
    with pytest.raises(ValueError):
        line(0, "1")
    with pytest.raises(ValueError):
        line(1, "-1")
    with pytest.raises(CurrencyMismatch):
        line(1, "1", Discount.fixed(Money.of(1, "USD")))
