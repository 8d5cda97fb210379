"""Line items and discounts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .errors import CurrencyMismatch
from .money import Money, Number, to_decimal
from .vat import VatRate


@dataclass(frozen=True, slots=True)
class Discount:
    """A reduction, either in percent or as a fixed amount."""

    percent: Decimal | None = None
    amount: Money | None = None

    def __post_init__(self) -> None:
        if (self.percent is None) == (self.amount is None):
            raise ValueError("give either a percentage or an amount")
        if self.percent is not None and not 0 <= self.percent <= 100:
            raise ValueError(f"percentage out of range: {self.percent}")
        if self.amount is not None and self.amount.is_negative:
            raise ValueError(f"negative discount: {self.amount}")

    @classmethod
    def percentage(cls, percent: Number | str) -> Discount:
        return cls(percent=to_decimal(percent))

    @classmethod
    def fixed(cls, amount: Money) -> Discount:
        return cls(amount=amount)

    def on(self, base: Money) -> Money:
        """The reduction of ``base``, rounded; never more than ``base``."""
        if self.percent is not None:
            return (base * self.percent * Decimal("0.01")).rounded()
        assert self.amount is not None
        reduction = min(self.amount.rounded(), abs(base))
        return -reduction if base.is_negative else reduction


@dataclass(frozen=True, slots=True)
class LineItem:
    """A quantity of something at a unit price.

    The unit price may have more digits than the currency (energy, telephone
    minutes); the line amount is rounded. A negative quantity is a deduction,
    e.g. a returned deposit.
    """

    description: str
    quantity: Number
    unit_price: Money
    vat: VatRate
    discount: Discount | None = None

    def __post_init__(self) -> None:
        if not to_decimal(self.quantity):
            raise ValueError(f"{self.description}: quantity is zero")
        if self.unit_price.is_negative:
            raise ValueError(f"{self.description}: negative unit price")
        fixed = self.discount.amount if self.discount else None
        if fixed is not None and fixed.currency != self.unit_price.currency:
            raise CurrencyMismatch(self.unit_price.currency.code, fixed.currency.code)

    @property
    def list_amount(self) -> Money:
        """Quantity times unit price, before the discount."""
        return (self.unit_price * self.quantity).rounded()

    @property
    def amount(self) -> Money:
        """What the line contributes to the document."""
        base = self.list_amount
        return base - self.discount.on(base) if self.discount else base
