"""How many calls to one provider run at a time: learned from its refusals, shared by all trials of a process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

START, LEAST, MOST = 16.0, 1.0, 256.0
CALM_SECONDS = 1.0
"""Refusals that come together are one signal."""


class Limiter:
    """Additive increase, multiplicative decrease (Chiu and Jain 1989). Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._limit = START
        self._running = 0
        self._lowered = float("-inf")

    @property
    def limit(self) -> int:
        return int(self._limit)

    @contextmanager
    def slot(self, stop: threading.Event) -> Iterator[None]:
        """Wait for a turn, and hold it; returns at once when `stop` is set."""
        with self._changed:
            while self._running >= int(self._limit) and not stop.is_set():
                self._changed.wait(0.5)
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify()

    def went_well(self) -> None:
        with self._changed:
            self._limit = min(MOST, self._limit + 1 / self._limit)
            self._changed.notify()

    def refused(self) -> None:
        """The provider said that it is too much."""
        with self._changed:
            if self._clock() - self._lowered >= CALM_SECONDS:
                self._limit = max(LEAST, self._limit / 2)
                self._lowered = self._clock()


_limiters: dict[str, Limiter] = {}
_lock = threading.Lock()


def limiter_of(base_url: str) -> Limiter:
    """The one of a provider."""
    with _lock:
        return _limiters.setdefault(base_url, Limiter())
