"""The entries in the order of their last use. Not thread-safe; the cache holds its lock around it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from .entry import Entry

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LruStore(Generic[K, V]):
    """A mapping that knows its total size and its least recently used key."""

    def __init__(self) -> None:
        self._entries: OrderedDict[K, Entry[V]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[K]:
        """The keys, least recently used first."""
        return iter(self._entries)

    @property
    def size(self) -> int:
        """The sum of the sizes of all entries."""
        return self._size

    def peek(self, key: K) -> Entry[V] | None:
        """The entry of a key; does not count as a use."""
        return self._entries.get(key)

    def touch(self, key: K) -> None:
        """Make the key the most recently used one."""
        self._entries.move_to_end(key)

    def insert(self, key: K, entry: Entry[V]) -> None:
        """Add or replace an entry; that is a use."""
        self.remove(key)
        self._entries[key] = entry
        self._size += entry.size

    def remove(self, key: K) -> bool:
        """Take an entry out; tells whether there was one."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return False
        self._size -= entry.size
        return True

    def oldest(self) -> K:
        """The least recently used key."""
        return next(iter(self._entries))

    def expired(self, now: float) -> list[K]:
        """The keys whose time is up."""
        return [key for key, entry in self._entries.items() if entry.is_expired(now)]
