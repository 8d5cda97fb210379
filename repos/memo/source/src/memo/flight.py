"""Single flight: of several threads that want the same work done, one does it for all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from .errors import ReentrantLoad

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Flight:
    """Work under way, and the outcome once it is done."""

    __slots__ = ("done", "error", "owner", "value", "waiting")

    def __init__(self) -> None:
        self.owner = threading.get_ident()
        self.done = threading.Event()
        self.waiting = 0
        self.value: Any = None
        self.error: BaseException | None = None


class SingleFlight(Generic[K, V]):
    """Work in progress by key."""

    def __init__(self) -> None:
        self._flights: dict[K, _Flight] = {}
        self._lock = threading.Lock()

    def run(self, key: K, work: Callable[[], V]) -> V:
        """Do the work, or wait for the thread that is doing it for this key already."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is None:
                mine = self._flights[key] = _Flight()
            elif flight.owner == threading.get_ident():
                raise ReentrantLoad(f"the loader of {key!r} asks for {key!r}")
            else:
                flight.waiting += 1
        if flight is None:
            return self._fly(key, mine, work)
        flight.done.wait()
        if flight.error is not None:
            raise flight.error
        return flight.value

    def waiting(self, key: K) -> int:
        """How many threads wait for work another one is doing."""
        with self._lock:
            flight = self._flights.get(key)
            return 0 if flight is None else flight.waiting

    def _fly(self, key: K, flight: _Flight, work: Callable[[], V]) -> V:
        try:
            flight.value = value = work()
            return value
        except BaseException as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                del self._flights[key]
            flight.done.set()
