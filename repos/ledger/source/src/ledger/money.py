"""The ``Money`` value type."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import total_ordering

from .currency import Currency, get_currency
from .errors import CurrencyMismatch, PrecisionError
from .rounding import Rounding, round_to

Number = int | Decimal


def to_decimal(value: Number | str) -> Decimal:
    """Convert to a finite ``Decimal``; floats are refused."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise TypeError(f"expected int, str or Decimal, not {type(value).__name__}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"not a number: {value!r}") from None
    if not number.is_finite():
        raise ValueError(f"not a finite number: {value!r}")
    return number


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency.

    The amount may have more digits than the currency; call :meth:`rounded`
    to get a bookable one.
    """

    amount: Decimal
    currency: Currency

    @classmethod
    def of(cls, amount: Number | str, currency: str | Currency) -> Money:
        """Build from anything that is an exact number."""
        return cls(to_decimal(amount), get_currency(currency))

    @classmethod
    def zero(cls, currency: str | Currency) -> Money:
        """Nothing, in the given currency."""
        return cls(Decimal(0), get_currency(currency))

    @classmethod
    def from_minor(cls, units: int, currency: str | Currency) -> Money:
        """Build from whole minor units (cents, yen, fils)."""
        resolved = get_currency(currency)
        return cls(Decimal(f"{units}E-{resolved.exponent}"), resolved)

    @classmethod
    def total(cls, amounts: Iterable[Money], currency: str | Currency) -> Money:
        """Sum up amounts; an empty iterable gives zero."""
        result = cls.zero(currency)
        for amount in amounts:
            result += amount
        return result

    def to_minor(self) -> int:
        """The amount in whole minor units."""
        units = Fraction(self.amount) * 10**self.currency.exponent
        if units.denominator != 1:
            raise PrecisionError(f"{self} has fractions of a minor unit")
        return units.numerator

    def rounded(self, mode: Rounding = Rounding.COMMERCIAL) -> Money:
        """Round to the minor unit of the currency."""
        return Money(round_to(self.amount, self.currency.quantum, mode), self.currency)

    @property
    def is_zero(self) -> bool:
        return not self.amount

    @property
    def is_negative(self) -> bool:
        return self.amount < 0

    def format(self) -> str:
        """The rounded amount as text, with all minor digits."""
        return f"{self.rounded().amount:.{self.currency.exponent}f}"

    def _same_currency(self, other: Money) -> Decimal:
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency.code, other.currency.code)
        return other.amount

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.amount + self._same_currency(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.amount - self._same_currency(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.amount), self.currency)

    def __mul__(self, factor: Number) -> Money:
        if isinstance(factor, Money):
            return NotImplemented
        return Money(self.amount * to_decimal(factor), self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same_currency(other)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency.code}"
