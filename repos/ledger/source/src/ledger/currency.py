"""Currencies and their minor units."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .errors import UnknownCurrency


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 currency; ``exponent`` is the number of minor digits."""

    code: str
    exponent: int

    @property
    def quantum(self) -> Decimal:
        """The smallest booked amount, e.g. ``0.01`` for the euro."""
        return Decimal((0, (1,), -self.exponent))

    def __str__(self) -> str:
        return self.code


_REGISTRY: dict[str, Currency] = {
    currency.code: currency
    for currency in (
        Currency("CHF", 2),
        Currency("CLF", 4),
        Currency("CZK", 2),
        Currency("EUR", 2),
        Currency("GBP", 2),
        Currency("JPY", 0),
        Currency("KRW", 0),
        Currency("KWD", 3),
        Currency("SEK", 2),
        Currency("TND", 3),
        Currency("USD", 2),
    )
}


def get_currency(code: str | Currency) -> Currency:
    """Look a currency up by its code (a `Currency` is passed through)."""
    if isinstance(code, Currency):
        return code
    try:
        return _REGISTRY[code.strip().upper()]
    except KeyError:
        raise UnknownCurrency(code) from None
