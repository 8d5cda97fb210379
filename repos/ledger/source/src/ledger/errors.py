"""Exceptions raised by the package."""

from __future__ import annotations


class LedgerError(Exception):
    """Base class of all errors of this package."""


class UnknownCurrency(LedgerError, LookupError):
    """A currency code is not in the registry."""

    def __init__(self, code: str) -> None:
        super().__init__(f"unknown currency: {code!r}")
        self.code = code


class CurrencyMismatch(LedgerError, ValueError):
    """Two amounts in different currencies were combined."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"cannot combine {left} with {right}")
        self.left = left
        self.right = right


class PrecisionError(LedgerError, ValueError):
    """An amount cannot be expressed in whole minor units."""


class AllocationError(LedgerError, ValueError):
    """An amount cannot be split over the given weights."""


class FeedError(LedgerError, ValueError):
    """A document of the billing feed is malformed."""

    def __init__(self, message: str, *, number: str | None = None) -> None:
        super().__init__(f"{number}: {message}" if number else message)
        self.number = number
