"""Rounding modes and rounding to a step."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from enum import Enum


class Rounding(Enum):
    """How an amount between two steps is rounded."""

    COMMERCIAL = ROUND_HALF_UP
    BANKERS = ROUND_HALF_EVEN
    TOWARDS_ZERO = ROUND_DOWN
    AWAY_FROM_ZERO = ROUND_UP


def round_to(value: Decimal, step: Decimal, mode: Rounding) -> Decimal:
    """Round ``value`` to a multiple of ``step``.

    >>> round_to(Decimal("7.43"), Decimal("0.05"), Rounding.COMMERCIAL)
    Decimal('7.45')
    """
    steps = (value / step).quantize(Decimal(1), rounding=mode.value)
    return steps * step
