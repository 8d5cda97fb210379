"""The cache."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Hashable, Iterable
from enum import Enum
from typing import Final, Generic, Literal, TypeVar

from .clock import Clock, MonotonicClock
from .entry import Entry
from .errors import ConfigurationError
from .flight import SingleFlight
from .lru import LruStore
from .sizing import by_count
from .stats import Counters, Snapshot
from .tags import TagIndex, check_tags

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
D = TypeVar("D")

EventName = Literal["hit", "miss", "store", "expire", "evict", "drop"]
Listener = Callable[[EventName, Hashable], None]

_COUNTER: dict[EventName, str] = {
    "hit": "hits",
    "miss": "misses",
    "store": "stores",
    "expire": "expirations",
    "evict": "evictions",
    "drop": "drops",
}


class _Unset(Enum):
    UNSET = "UNSET"


UNSET: Final = _Unset.UNSET
Ttl = float | None | Literal[_Unset.UNSET]


class Cache(Generic[K, V]):
    """A bounded mapping whose entries expire, thread-safe in all its methods."""

    def __init__(
        self,
        *,
        max_entries: int | None = 1024,
        max_size: int | None = None,
        default_ttl: float | None = None,
        sizer: Callable[[V], int] = by_count,
        clock: Clock | None = None,
        listener: Listener | None = None,
    ) -> None:
        for name, bound in (("max_entries", max_entries), ("max_size", max_size)):
            if bound is not None and bound < 1:
                raise ConfigurationError(f"{name} must be at least 1")
        self.max_entries = max_entries
        self.max_size = max_size
        self.default_ttl = _check_ttl(default_ttl)
        self._sizer = sizer
        self._clock = MonotonicClock() if clock is None else clock
        self._listener = listener
        self._lock = threading.Lock()
        self._store: LruStore[K, V] = LruStore()
        self._tags: TagIndex[K] = TagIndex()
        self._counters = Counters()
        self._flights: SingleFlight[K, V] = SingleFlight()

    def __contains__(self, key: K) -> bool:
        """Whether `get` would find the key; counts nothing and is no use of the entry."""
        with self._lock:
            entry = self._store.peek(key)
            return entry is not None and not entry.is_expired(self._clock.now())

    def __len__(self) -> int:
        """The number of entries held, among them expired ones nobody has asked for yet."""
        with self._lock:
            return len(self._store)

    @property
    def size(self) -> int:
        """The sum of the sizes of all entries held."""
        with self._lock:
            return self._store.size

    @property
    def stats(self) -> Snapshot:
        """The counters as they are now."""
        with self._lock:
            return self._counters.snapshot()

    def reset_stats(self) -> None:
        """Set all counters to zero."""
        with self._lock:
            self._counters.reset()

    def keys(self) -> list[K]:
        """The keys that would be served, least recently used first."""
        with self._lock:
            expired = set(self._store.expired(self._clock.now()))
            return [key for key in self._store if key not in expired]

    def remaining(self, key: K) -> float | None:
        """The seconds a key will be served for: None for no limit, 0 for a missing one."""
        with self._lock:
            entry = self._store.peek(key)
            return 0.0 if entry is None else entry.remaining(self._clock.now())

    def tags_of(self, key: K) -> Collection[str]:
        """The tags the entry was stored with."""
        with self._lock:
            return self._tags.tags_of(key)

    def waiting(self, key: K) -> int:
        """How many threads wait for a value that another thread is loading."""
        return self._flights.waiting(key)

    def get(self, key: K, default: D | None = None) -> V | D | None:
        """The value of a key, or the default."""
        entry = self._look_up(key)
        return default if entry is None else entry.value

    def put(self, key: K, value: V, *, ttl: Ttl = UNSET, tags: Collection[str] = ()) -> bool:
        """Store a value; tells whether it was kept."""
        ttl = self.default_ttl if ttl is UNSET else _check_ttl(ttl)
        check_tags(tags)
        size = self._sizer(value)
        if size < 0:
            raise ConfigurationError("the sizer returned a negative size")
        events: list[tuple[EventName, K]] = []
        with self._lock:
            if self.max_size is not None and size > self.max_size:
                self._counters.add("rejections")
                self._remove(key, "drop", events)
                kept = False
            else:
                now = self._clock.now()
                expires_at = None if ttl is None else now + ttl
                self._store.insert(key, Entry(value, size, expires_at))
                self._tags.assign(key, tags)
                self._note("store", key, events)
                self._make_room(now, events)
                kept = True
        self._tell(events)
        return kept

    def get_or_load(
        self, key: K, loader: Callable[[], V], *, ttl: Ttl = UNSET, tags: Collection[str] = ()
    ) -> V:
        """The value of a key; a missing one is loaded, by one thread for all that ask for it."""
        entry = self._look_up(key)
        if entry is not None:
            return entry.value

        def load() -> V:
            # Between the look-up and take-off another flight may have landed.
            with self._lock:
                landed = self._store.peek(key)
                if landed is not None and not landed.is_expired(self._clock.now()):
                    return landed.value
            value = self._call(loader)
            self.put(key, value, ttl=ttl, tags=tags)
            return value

        return self._flights.run(key, load)

    def invalidate(self, key: K) -> bool:
        """Drop an entry; tells whether there was one."""
        return self._drop([key]) == 1

    def invalidate_tag(self, tag: str) -> int:
        """Drop all entries that carry the tag; tells how many there were."""
        events: list[tuple[EventName, K]] = []
        with self._lock:
            for key in self._tags.keys_of(tag):
                self._remove(key, "drop", events)
        self._tell(events)
        return len(events)

    def invalidate_where(self, condition: Callable[[K], bool]) -> int:
        """Drop all entries whose key meets the condition; tells how many there were."""
        with self._lock:
            keys = list(self._store)
        return self._drop(key for key in keys if condition(key))

    def clear(self) -> int:
        """Drop all entries; tells how many there were."""
        return self.invalidate_where(lambda key: True)

    def purge(self) -> int:
        """Take out all expired entries; tells how many there were."""
        events: list[tuple[EventName, K]] = []
        with self._lock:
            self._remove_expired(self._clock.now(), events)
        self._tell(events)
        return len(events)

    def _look_up(self, key: K) -> Entry[V] | None:
        """The live entry of a key, counted as a hit and a use or else as a miss."""
        events: list[tuple[EventName, K]] = []
        with self._lock:
            entry = self._store.peek(key)
            if entry is not None and entry.is_expired(self._clock.now()):
                self._remove(key, "expire", events)
                entry = None
            if entry is None:
                self._note("miss", key, events)
            else:
                self._store.touch(key)
                self._note("hit", key, events)
        self._tell(events)
        return entry

    def _call(self, loader: Callable[[], V]) -> V:
        try:
            value = loader()
        except BaseException:
            with self._lock:
                self._counters.add("failures")
            raise
        with self._lock:
            self._counters.add("loads")
        return value

    def _drop(self, keys: Iterable[K]) -> int:
        keys = list(keys)
        events: list[tuple[EventName, K]] = []
        with self._lock:
            dropped = sum(self._remove(key, "drop", events) for key in keys)
        self._tell(events)
        return dropped

    def _make_room(self, now: float, events: list[tuple[EventName, K]]) -> None:
        if self._fits():
            return
        self._remove_expired(now, events)
        while not self._fits():
            self._remove(self._store.oldest(), "evict", events)

    def _fits(self) -> bool:
        if self.max_entries is not None and len(self._store) > self.max_entries:
            return False
        return self.max_size is None or self._store.size <= self.max_size

    def _remove_expired(self, now: float, events: list[tuple[EventName, K]]) -> None:
        for key in self._store.expired(now):
            self._remove(key, "expire", events)

    def _remove(self, key: K, event: EventName, events: list[tuple[EventName, K]]) -> bool:
        if not self._store.remove(key):
            return False
        self._tags.discard(key)
        self._note(event, key, events)
        return True

    def _note(self, event: EventName, key: K, events: list[tuple[EventName, K]]) -> None:
        self._counters.add(_COUNTER[event])
        events.append((event, key))

    def _tell(self, events: list[tuple[EventName, K]]) -> None:
        if self._listener is not None:
            for event, key in events:
                self._listener(event, key)


def _check_ttl(ttl: float | None) -> float | None:
    if ttl is not None and not (ttl >= 0 and math.isfinite(ttl)):
        raise ConfigurationError("a time to live must be a finite number, not below 0")
    return ttl
