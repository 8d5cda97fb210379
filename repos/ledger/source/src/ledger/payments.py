"""Settling open documents with payments and credit notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from .document import Document, Kind
from .errors import LedgerError
from .money import Money


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received from a customer."""

    ident: str
    received: date
    amount: Money
    reference: str = ""

    def __post_init__(self) -> None:
        if self.amount.is_negative or self.amount.is_zero:
            raise LedgerError(f"{self.ident}: a payment must be positive")


@dataclass(frozen=True, slots=True)
class Settlement:
    """A part of a payment or credit note that went to an invoice."""

    source: str
    invoice: str
    amount: Money


@dataclass(slots=True)
class Matching:
    """The outcome of a matching run.

    ``open`` has what is still owed per invoice number, ``unused`` what is left
    of payments and credit notes; settled invoices and used-up sources are not
    listed.
    """

    settlements: list[Settlement] = field(default_factory=list)
    open: dict[str, Money] = field(default_factory=dict)
    unused: dict[str, Money] = field(default_factory=dict)


def match_payments(documents: Iterable[Document], payments: Sequence[Payment]) -> Matching:
    """Settle invoices.

    Credit notes go first, to the invoice they correct. Then every payment, in
    order of receipt, goes to the invoices named in its reference; failing
    that to the oldest invoice of exactly that amount; what then is left, to
    the oldest open invoices.
    """
    ordered = sorted(documents, key=lambda doc: (doc.issued, doc.number))
    result = Matching()
    for document in ordered:
        if document.kind is Kind.INVOICE:
            _leave_open(result, document.number, document.totals().gross)

    for document in ordered:
        if document.kind is Kind.CREDIT_NOTE:
            targets = [document.corrects] if document.corrects else []
            rest = _settle(result, document.number, document.totals().gross, targets)
            _keep(result, document.number, rest)

    for payment in sorted(payments, key=lambda item: (item.received, item.ident)):
        rest = _settle(result, payment.ident, payment.amount, _named(result, payment.reference))
        exact = [number for number, due in result.open.items() if due == rest]
        rest = _settle(result, payment.ident, rest, exact[:1])
        rest = _settle(result, payment.ident, rest, list(result.open))
        _keep(result, payment.ident, rest)
    return result


def _named(result: Matching, reference: str) -> list[str]:
    """The open invoices that a reference text mentions."""
    return [
        number
        for number in result.open
        if re.search(rf"(?<!\w){re.escape(number)}(?!\w)", reference, re.IGNORECASE)
    ]


def _settle(result: Matching, source: str, amount: Money, targets: Sequence[str]) -> Money:
    """Use ``amount`` up on the targets; return what is left."""
    for number in targets:
        due = result.open.get(number)
        if due is None or amount.is_zero:
            continue
        part = min(due, amount)
        result.settlements.append(Settlement(source, number, part))
        amount -= part
        if part == due:
            del result.open[number]
        else:
            result.open[number] = due - part
    return amount


def _leave_open(result: Matching, number: str, due: Money) -> None:
    if not due.is_zero:
        result.open[number] = due


def _keep(result: Matching, source: str, rest: Money) -> None:
    if not rest.is_zero:
        result.unused[source] = rest
