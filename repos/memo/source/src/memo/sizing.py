"""How large a value is, in whatever unit the bound of the cache is meant."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sized
from dataclasses import fields, is_dataclass
from typing import Any


def by_count(value: object) -> int:
    """Every value is as large as any other."""
    return 1


def by_length(value: Sized) -> int:
    """The length of a text, a list or anything else that has one, but at least 1."""
    return max(len(value), 1)


def in_bytes(value: object) -> int:
    """A rough count of the bytes behind a value; what occurs twice is counted once."""
    return _measure(value, set())


def _measure(value: Any, seen: set[int]) -> int:
    if id(value) in seen:
        return 0
    seen.add(id(value))
    total = sys.getsizeof(value)
    if isinstance(value, Mapping):
        for key, item in value.items():
            total += _measure(key, seen) + _measure(item, seen)
    elif isinstance(value, (list, tuple, set, frozenset)):
        total += sum(_measure(item, seen) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        total += sum(_measure(getattr(value, f.name), seen) for f in fields(value))
    return total
