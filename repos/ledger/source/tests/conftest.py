from __future__ import annotations

from datetime import date

import pytest

from ledger import Document, LineItem, Money, VatRate

STANDARD = VatRate.of(19)
REDUCED = VatRate.of(7)


@pytest.fixture
def invoice() -> Document:
    """119.00 EUR at 19% and 53.50 EUR at 7%, gross 172.50 EUR."""
    return Document(
        number="INV-1",
        issued=date(2024, 3, 1),
        lines=(
            LineItem("Desk lamp", 2, Money.of("50.00", "EUR"), STANDARD),
            LineItem("Handbook", 1, Money.of("50.00", "EUR"), REDUCED),
        ),
    )


@pytest.fixture
def make_invoice():
    """Build an untaxed invoice over one amount."""

    def make(number: str, day: int, amount: str, currency: str = "EUR") -> Document:
        return Document(
            number=number,
            issued=date(2024, 3, day),
            lines=(LineItem("Service", 1, Money.of(amount, currency), VatRate.of(0)),),
        )

    return make
