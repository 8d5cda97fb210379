from decimal import Decimal

import pytest

from ledger import CurrencyMismatch, Money, PrecisionError, Rounding, UnknownCurrency
from ledger.currency import get_currency


def test_unknown_currency():
    with pytest.raises(UnknownCurrency, match="XXX"):
        Money.of(1, "XXX")


@pytest.mark.parametrize(("code", "quantum"), [("EUR", "0.01"), ("JPY", "1"), ("KWD", "0.001")])
def test_quantum(code, quantum):
    assert get_currency(code).quantum == Decimal(quantum)


def test_floats_are_refused():
    with pytest.raises(TypeError):
        Money.of(1.5, "EUR")


@pytest.mark.parametrize(
    ("units", "code", "amount"),
    [(1250, "EUR", "12.50"), (1250, "JPY", "1250"), (1250, "KWD", "1.250")],
)
def test_minor_units_round_trip(units, code, amount):
    money = Money.from_minor(units, code)
    assert money == Money.of(amount, code)
    assert money.to_minor() == units


def test_fractions_of_a_cent_have_no_minor_units():
    with pytest.raises(PrecisionError):
        Money.of("0.125", "EUR").to_minor()


def test_arithmetic():
    ten = Money.of(10, "EUR")
    assert ten + Money.of("2.5", "EUR") == Money.of("12.50", "EUR")
    assert ten - Money.of("12", "EUR") == -Money.of(2, "EUR")
    assert 3 * ten == Money.of(30, "EUR")
    assert abs(-ten) == ten


def test_currencies_do_not_mix():
    with pytest.raises(CurrencyMismatch):
        Money.of(1, "EUR") + Money.of(1, "USD")
    with pytest.raises(CurrencyMismatch):
        max(Money.of(1, "EUR"), Money.of(1, "USD"))


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Rounding.COMMERCIAL, "0.13"),
        (Rounding.BANKERS, "0.12"),
        (Rounding.TOWARDS_ZERO, "0.12"),
        (Rounding.AWAY_FROM_ZERO, "0.13"),
    ],
)
def test_rounding_modes(mode, expected):
    assert Money.of("0.125", "EUR").rounded(mode) == Money.of(expected, "EUR")


def test_commercial_rounding_is_symmetric():
    assert Money.of("-0.125", "EUR").rounded() == Money.of("-0.13", "EUR")


def test_format_has_all_minor_digits():
    assert Money.of("3", "EUR").format() == "3.00"
    assert Money.of("3", "JPY").format() == "3"
    assert Money.of("3.0005", "KWD").format() == "3.001"
