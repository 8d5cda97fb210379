"""Invoices, VAT and allocation of money in exact decimals."""

from .allocation import allocate, split
from .currency import Currency, get_currency
from .document import Document, Kind, Totals
from .errors import (
    AllocationError,
    CurrencyMismatch,
    FeedError,
    LedgerError,
    PrecisionError,
    UnknownCurrency,
)
from .importer import load_feed, parse_document
from .lines import Discount, LineItem
from .money import Money
from .payments import Matching, Payment, match_payments
from .rounding import Rounding
from .statement import Statement, StatementLine, build_statement
from .vat import VatGroup, VatRate

# fmt: off
__all__ = [
    "AllocationError", "Currency", "CurrencyMismatch", "Discount", "Document", "FeedError",
    "Kind", "LedgerError", "LineItem", "Matching", "Money", "Payment", "PrecisionError",
    "Rounding", "Statement", "StatementLine", "Totals", "UnknownCurrency", "VatGroup",
    "VatRate", "allocate", "build_statement", "get_currency", "load_feed", "match_payments",
    "parse_document", "split",
]
