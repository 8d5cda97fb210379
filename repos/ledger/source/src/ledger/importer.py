"""Documents from the billing feed.

The feed is a JSON array of objects::

    {"number": "INV-7", "type": "invoice", "issued": "2024-03-01",
     "currency": "EUR", "prices_include_vat": false,
     "discount_percent": "2",
     "lines": [{"description": "Paper", "quantity": "3",
                "unit_price_minor": "420", "vat": "19",
                "discount_percent": "10"}]}

Numbers are strings or integers. Unit prices are in minor units and may have
fractions of them. ``corrects`` names the invoice behind a credit note.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from .currency import Currency, get_currency
from .document import Document, Kind
from .errors import FeedError, LedgerError
from .lines import Discount, LineItem
from .money import Money, to_decimal
from .vat import VatRate


def load_feed(text: str) -> list[Document]:
    """Parse a whole feed; document numbers must be unique."""
    try:
        records = json.loads(text)
    except json.JSONDecodeError as error:
        raise FeedError(f"not JSON: {error}") from error
    if not isinstance(records, list):
        raise FeedError("expected an array of documents")
    documents: list[Document] = []
    seen: set[str] = set()
    for record in records:
        document = parse_document(record)
        if document.number in seen:
            raise FeedError("duplicate number", number=document.number)
        seen.add(document.number)
        documents.append(document)
    return documents


def parse_document(record: Mapping[str, Any]) -> Document:
    """Turn one object of the feed into a document."""
    if not isinstance(record, Mapping):
        raise FeedError("a document must be an object")
    number = record.get("number")
    if not isinstance(number, str) or not number:
        raise FeedError("a document needs a number")
    try:
        currency = get_currency(record["currency"])
        return Document(
            number=number,
            issued=date.fromisoformat(record["issued"]),
            lines=tuple(_parse_line(line, currency) for line in record["lines"]),
            kind=Kind(record.get("type", "invoice")),
            discount=_parse_discount(record),
            prices_include_vat=bool(record.get("prices_include_vat", False)),
            corrects=record.get("corrects"),
        )
    except KeyError as error:
        raise FeedError(f"missing field {error}", number=number) from error
    except (LedgerError, TypeError, ValueError) as error:
        raise FeedError(str(error), number=number) from error


def _parse_line(line: Mapping[str, Any], currency: Currency) -> LineItem:
    return LineItem(
        description=str(line["description"]),
        quantity=to_decimal(line.get("quantity", 1)),
        unit_price=_parse_price(line["unit_price_minor"], currency),
        vat=VatRate.of(line["vat"]),
        discount=_parse_discount(line),
    )


def _parse_price(raw: int | str, currency: Currency) -> Money:
    units: Decimal = to_decimal(raw)
    return Money(units * currency.quantum, currency)


def _parse_discount(record: Mapping[str, Any]) -> Discount | None:
    raw = record.get("discount_percent")
    return None if raw is None else Discount.percentage(raw)
