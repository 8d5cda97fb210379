from decimal import Decimal

import pytest

from ledger import AllocationError, Money, PrecisionError, allocate, split


def euros(*amounts: str) -> list[Money]:
    return [Money.of(amount, "EUR") for amount in amounts]


def test_split_even():
    assert split(Money.of("9.00", "EUR"), 3) == euros("3.00", "3.00", "3.00")


def test_split_serves_the_first_parts():
    assert split(Money.of("10.01", "EUR"), 3) == euros("3.34", "3.34", "3.33")


def test_largest_remainder_wins():
    assert allocate(Money.of("1.00", "EUR"), [10, 17, 6]) == euros("0.30", "0.52", "0.18")


def test_ties_between_unequal_weights_go_to_the_earlier():
    assert allocate(Money.of("0.02", "EUR"), [3, 1]) == euros("0.02", "0.00")
    assert allocate(Money.of("0.03", "EUR"), [5, 1]) == euros("0.03", "0.00")
    assert allocate(Money.of("0.03", "EUR"), [1, 5]) == euros("0.01", "0.02")


def test_decimal_weights():
    weights = [Decimal("62.5"), Decimal("37.5")]
    assert allocate(Money.of("80.00", "EUR"), weights) == euros("50.00", "30.00")


def test_zero_weight_gets_nothing():
    assert allocate(Money.of("0.05", "EUR"), [0, 1, 1]) == euros("0.00", "0.03", "0.02")


def test_negative_amount_mirrors_the_positive():
    assert split(Money.of("-10.01", "EUR"), 3) == euros("-3.34", "-3.34", "-3.33")


def test_minor_units_of_the_currency():
    assert split(Money.of("100", "JPY"), 3) == [Money.of(amount, "JPY") for amount in (34, 33, 33)]
    assert split(Money.of("1", "KWD"), 3)[0] == Money.of("0.334", "KWD")


@pytest.mark.parametrize("minor", [0, 1, 7, 99, 12345, -12345])
def test_nothing_gets_lost(minor):
    amount = Money.from_minor(minor, "EUR")
    parts = allocate(amount, [3, 7, 0, 11])
    assert Money.total(parts, "EUR") == amount


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_bad_weights(weights):
    with pytest.raises(AllocationError):
        allocate(Money.of(1, "EUR"), weights)


def test_only_whole_minor_units_can_be_split():
    with pytest.raises(PrecisionError):
        split(Money.of("0.005", "EUR"), 2)
