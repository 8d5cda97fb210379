from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product

import pytest

from ledger import Discount, Document, LineItem, Money, VatRate, allocate


def cents(amount: int, weights) -> list[int]:
    parts = allocate(Money.from_minor(amount, "EUR"), weights)
    return [part.to_minor() for part in parts]


def expected(amount: int, weights) -> list[int]:
    total = sum(weights)
    quotas = [Fraction(amount * weight, total) for weight in weights]
    shares = [quota.numerator // quota.denominator for quota in quotas]
    remainders = [quota - share for quota, share in zip(quotas, shares)]
    for _ in range(amount - sum(shares)):
        best = remainders.index(max(remainders))
        shares[best] += 1
        remainders[best] = Fraction(-1)
    return shares


def test_halves():
    assert cents(3, [5, 1]) == [3, 0]
    assert cents(3, [1, 5]) == [1, 2]
    assert cents(15, [29, 1]) == [15, 0]


def test_thirds():
    assert cents(2, [4, 1, 1]) == [2, 0, 0]
    assert cents(2, [1, 4, 1]) == [1, 1, 0]
    assert cents(8, [13, 10, 1]) == [5, 3, 0]


def test_sevenths():
    assert cents(16, [8, 1, 1, 4]) == [9, 1, 1, 5]
    assert cents(5, [10, 3, 1]) == [4, 1, 0]


def test_every_small_split():
    for amount in range(1, 13):
        for weights in product(range(1, 8), repeat=3):
            assert cents(amount, weights) == expected(amount, weights), (amount, weights)


@pytest.mark.parametrize(
    "scale",
    [2, 3, 7, Decimal("0.5"), Decimal("1E-9"), 10**29],
    ids=["2", "3", "7", "half", "tiny", "huge"],
)
def test_only_proportions_matter(scale):
    for weights in ([5, 1], [4, 1, 1], [29, 1]):
        total = sum(weights)
        for amount in range(1, total):
            assert cents(amount, [weight * scale for weight in weights]) == expected(
                amount, weights
            )


def test_negative_amounts_mirror():
    assert cents(-3, [5, 1]) == [-3, 0]
    assert cents(-2, [4, 1, 1]) == [-2, 0, 0]


def test_long_weights_are_no_tie():
    meter = 10**29
    assert cents(1, [meter, meter + 1]) == [0, 1]
    assert cents(1, [meter + 1, meter]) == [1, 0]
    assert cents(1, [meter, meter]) == [1, 0]


def test_larger_remainder_still_wins():
    assert cents(100, [10, 17, 6]) == [30, 52, 18]
    assert cents(1, [1, 2]) == [0, 1]
    assert cents(10, [1, 1, 5]) == [2, 1, 7]


def test_large_amounts_add_up():
    amount = Money.from_minor(10**25 + 1, "EUR")
    parts = allocate(amount, [1, 2, 3, 7])
    assert sum(part.to_minor() for part in parts) == 10**25 + 1


def test_document_discount_lands_on_the_right_rate():
    document = Document(
        "INV-9",
        date(2024, 5, 2),
        (
            LineItem("Lamp", 1, Money.of("5.00", "EUR"), VatRate.of(19)),
            LineItem("Book", 1, Money.of("1.00", "EUR"), VatRate.of(7)),
        ),
        discount=Discount.fixed(Money.of("0.03", "EUR")),
    )
    nets = [group.net for group in document.totals().groups]
    assert nets == [Money.of("4.97", "EUR"), Money.of("1.00", "EUR")]
