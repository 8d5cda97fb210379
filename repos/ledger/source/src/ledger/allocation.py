"""Splitting an amount without losing a minor unit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor

from .errors import AllocationError
from .money import Money, to_decimal

Weight = int | Decimal


def allocate(amount: Money, weights: Sequence[Weight]) -> list[Money]:
    """Split ``amount`` in proportion to ``weights``.

    Largest-remainder method: every weight gets its quota rounded down, the
    minor units left over go to the largest remainders. Equal remainders are
    served in the order of the weights. A negative amount is split like the
    positive one, with the sign of every part flipped.
    """
    exact = _check(weights)
    total = sum(exact)
    minor = amount.to_minor()
    sign = -1 if minor < 0 else 1
    units = abs(minor)

    quotas = [units * weight / total for weight in exact]
    shares = [floor(quota) for quota in quotas]
    by_remainder = sorted(range(len(quotas)), key=lambda i: (shares[i] - quotas[i], i))
    for index in by_remainder[: units - sum(shares)]:
        shares[index] += 1
    return [Money.from_minor(sign * share, amount.currency) for share in shares]


def split(amount: Money, parts: int) -> list[Money]:
    """Split into ``parts`` parts that differ by one minor unit at most."""
    if parts < 1:
        raise AllocationError(f"cannot split into {parts} parts")
    return allocate(amount, [1] * parts)


def _check(weights: Sequence[Weight]) -> list[Fraction]:
    if not weights:
        raise AllocationError("no weights given")
    exact = [Fraction(to_decimal(weight)) for weight in weights]
    if any(weight < 0 for weight in exact):
        raise AllocationError("weights must not be negative")
    if not any(exact):
        raise AllocationError("all weights are zero")
    return exact
