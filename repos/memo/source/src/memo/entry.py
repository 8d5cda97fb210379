"""A cached value and what is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Entry(Generic[V]):
    """A value, its size and the moment from which it is not served any more."""

    value: V
    size: int
    expires_at: float | None = None

    def is_expired(self, now: float) -> bool:
        """Whether the entry's time is up."""
        return self.expires_at is not None and now >= self.expires_at

    def remaining(self, now: float) -> float | None:
        """The seconds the entry is still good for, None for no limit."""
        if self.expires_at is None:
            return None
        return max(self.expires_at - now, 0.0)
