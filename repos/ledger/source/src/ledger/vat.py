"""Value added tax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .money import Money, Number, to_decimal
from .rounding import Rounding

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, order=True)
class VatRate:
    """A tax rate in percent."""

    percent: Decimal

    def __post_init__(self) -> None:
        if self.percent < 0:
            raise ValueError(f"negative VAT rate: {self.percent}")

    @classmethod
    def of(cls, percent: Number | str) -> VatRate:
        return cls(to_decimal(percent))

    def __str__(self) -> str:
        return f"{self.percent.normalize():f}%"


@dataclass(frozen=True, slots=True)
class VatGroup:
    """What a document charges at one rate."""

    rate: VatRate
    net: Money
    tax: Money

    @property
    def gross(self) -> Money:
        return self.net + self.tax


def tax_on_net(net: Money, rate: VatRate) -> Money:
    """The tax to be added to a net amount."""
    exact = net.amount * rate.percent / _HUNDRED
    return Money(exact, net.currency).rounded(Rounding.COMMERCIAL)


def tax_in_gross(gross: Money, rate: VatRate) -> Money:
    """The tax contained in a gross amount."""
    exact = gross.amount * rate.percent / (_HUNDRED + rate.percent)
    return Money(exact, gross.currency).rounded(Rounding.COMMERCIAL)


def group_by_rate(amounts: Mapping[VatRate, Money], *, include_tax: bool) -> tuple[VatGroup, ...]:
    """Tax the sums per rate, highest rate first.

    ``include_tax`` says whether the sums are gross rather than net.
    """
    groups = []
    for rate in sorted(amounts, reverse=True):
        amount = amounts[rate]
        if include_tax:
            tax = tax_in_gross(amount, rate)
            groups.append(VatGroup(rate, amount - tax, tax))
        else:
            groups.append(VatGroup(rate, amount, tax_on_net(amount, rate)))
    return tuple(groups)
