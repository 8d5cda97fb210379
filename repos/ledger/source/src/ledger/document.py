"""Invoices, credit notes and their totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from .allocation import allocate
from .currency import Currency
from .errors import CurrencyMismatch, LedgerError
from .lines import Discount, LineItem
from .money import Money
from .vat import VatGroup, VatRate, group_by_rate


class Kind(Enum):
    """What a document is."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums at the foot of a document."""

    groups: tuple[VatGroup, ...]
    net: Money
    tax: Money
    discount: Money

    @property
    def gross(self) -> Money:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice or a credit note.

    ``discount`` applies to the document as a whole and is spread over the VAT
    rates in proportion to their sums. ``corrects`` is the number of the
    invoice that a credit note refers to.
    """

    number: str
    issued: date
    lines: tuple[LineItem, ...]
    kind: Kind = Kind.INVOICE
    discount: Discount | None = None
    prices_include_vat: bool = False
    corrects: str | None = None

    def __post_init__(self) -> None:
        if not self.lines:
            raise LedgerError(f"{self.number}: a document needs lines")
        for line in self.lines:
            if line.unit_price.currency != self.currency:
                raise CurrencyMismatch(self.currency.code, line.unit_price.currency.code)
        if self.corrects is not None and self.kind is not Kind.CREDIT_NOTE:
            raise LedgerError(f"{self.number}: only credit notes correct something")

    @property
    def currency(self) -> Currency:
        return self.lines[0].unit_price.currency

    def totals(self) -> Totals:
        """Net, tax and gross, with the taxes per rate."""
        sums = self._sums_by_rate()
        discount = Money.zero(self.currency)
        if self.discount is not None:
            discount = self.discount.on(Money.total(sums.values(), self.currency))
            sums = _reduce(sums, discount)
        groups = group_by_rate(sums, include_tax=self.prices_include_vat)
        return Totals(
            groups=groups,
            net=Money.total((group.net for group in groups), self.currency),
            tax=Money.total((group.tax for group in groups), self.currency),
            discount=discount,
        )

    def credit_note(
        self, number: str, issued: date, lines: Sequence[LineItem] | None = None
    ) -> Document:
        """A credit note over the whole invoice, or over some ``lines``.

        The discount of the document carries over only to a note over the
        whole invoice or if it is a percentage.
        """
        if self.kind is not Kind.INVOICE:
            raise LedgerError(f"{self.number}: not an invoice")
        discount = self.discount
        if lines is not None and discount is not None and discount.percent is None:
            discount = None
        return Document(
            number=number,
            issued=issued,
            lines=self.lines if lines is None else tuple(lines),
            kind=Kind.CREDIT_NOTE,
            discount=discount,
            prices_include_vat=self.prices_include_vat,
            corrects=self.number,
        )

    def _sums_by_rate(self) -> dict[VatRate, Money]:
        sums: dict[VatRate, Money] = {}
        for line in self.lines:
            previous = sums.get(line.vat, Money.zero(self.currency))
            sums[line.vat] = previous + line.amount
        return sums


def _reduce(sums: dict[VatRate, Money], discount: Money) -> dict[VatRate, Money]:
    """Spread a document discount over the rates, highest rate first."""
    if discount.is_zero:
        return sums
    rates = sorted(sums, reverse=True)
    weights = [sums[rate].to_minor() for rate in rates]
    parts = allocate(discount, weights)
    return {rate: sums[rate] - part for rate, part in zip(rates, parts)}
