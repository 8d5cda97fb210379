"""What the cache did so far. Not thread-safe; the cache holds its lock around it."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counters at one moment."""

    hits: int = 0
    misses: int = 0
    loads: int = 0
    failures: int = 0
    stores: int = 0
    rejections: int = 0
    expirations: int = 0
    evictions: int = 0
    drops: int = 0

    @property
    def lookups(self) -> int:
        """Hits and misses together."""
        return self.hits + self.misses

    @property
    def hit_rate(self) -> float:
        """The share of lookups that were hits, 0 before the first lookup."""
        return self.hits / self.lookups if self.lookups else 0.0

    def since(self, earlier: Snapshot) -> Snapshot:
        """What happened between an earlier snapshot and this one."""
        return Snapshot(*(getattr(self, f.name) - getattr(earlier, f.name) for f in fields(self)))


class Counters:
    """Counts under the names of the snapshot's fields."""

    def __init__(self) -> None:
        self._counts = {f.name: 0 for f in fields(Snapshot)}

    def add(self, name: str, amount: int = 1) -> None:
        """Count something."""
        self._counts[name] += amount

    def snapshot(self) -> Snapshot:
        """The counters as they are now."""
        return Snapshot(**self._counts)

    def reset(self) -> None:
        """Start over at zero."""
        self._counts = dict.fromkeys(self._counts, 0)
