"""Customer statements."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from .currency import Currency, get_currency
from .document import Document, Kind
from .errors import CurrencyMismatch
from .money import Money
from .payments import Payment

_HEADER = ("date", "type", "number", "debit", "credit", "balance")


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement; ``effect`` is positive if the customer owes more."""

    day: date
    type: str
    number: str
    effect: Money
    balance: Money

    @property
    def debit(self) -> Money:
        return max(self.effect, Money.zero(self.effect.currency))

    @property
    def credit(self) -> Money:
        return max(-self.effect, Money.zero(self.effect.currency))


@dataclass(frozen=True, slots=True)
class Statement:
    """The movements of an account with the balance after each of them."""

    opening: Money
    lines: tuple[StatementLine, ...]

    @property
    def closing(self) -> Money:
        return self.lines[-1].balance if self.lines else self.opening

    def to_csv(self) -> str:
        """Export with a header row; empty cells where nothing moved."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(_HEADER)
        for line in self.lines:
            amounts = (_cell(line.debit), _cell(line.credit), line.balance.format())
            writer.writerow((line.day.isoformat(), line.type, line.number, *amounts))
        return buffer.getvalue()


def build_statement(
    documents: Iterable[Document],
    payments: Iterable[Payment],
    *,
    currency: str | Currency,
    opening: Money | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Statement:
    """List what happened on an account, oldest first.

    Movements before ``since`` are summed up into the opening balance, those
    after ``until`` are left out; both days belong to the period. On the same
    day, documents come before payments.
    """
    resolved = get_currency(currency)
    balance = Money.zero(resolved) if opening is None else opening
    moves: list[tuple[date, int, str, str, Money]] = []
    for document in documents:
        moves.append((document.issued, 0, document.number, document.kind.value, _effect(document)))
    for payment in payments:
        moves.append((payment.received, 1, payment.ident, "payment", -payment.amount))
    moves.sort(key=lambda move: move[:3])

    lines: list[StatementLine] = []
    carried = balance
    for day, _, number, type_, effect in moves:
        if effect.currency != resolved:
            raise CurrencyMismatch(resolved.code, effect.currency.code)
        if until is not None and day > until:
            break
        balance += effect
        if since is not None and day < since:
            carried = balance
            continue
        lines.append(StatementLine(day, type_, number, effect, balance))
    return Statement(opening=carried, lines=tuple(lines))


def _effect(document: Document) -> Money:
    """By how much a document changes what the customer owes."""
    gross = document.totals().gross
    return -gross if document.kind is Kind.CREDIT_NOTE else gross


def _cell(amount: Money) -> str:
    return "" if amount.is_zero else amount.format()
