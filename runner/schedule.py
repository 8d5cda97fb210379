"""Which trial is next: those that branch from another one wait until it has ended."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable

from runner.ledger import Row
from runner.results import TrialKey


class Schedule:
    """Hands out rows in order to any number of threads; each row once, and back at `ended`, whatever became of it."""

    def __init__(self, rows: Iterable[Row], trunk_of: Callable[[TrialKey], TrialKey | None]) -> None:
        """`rows` are those still to do; a trunk that is not among them has ended before."""
        rows = list(rows)
        open_keys = {row.key for row in rows}
        self._ready: deque[Row] = deque()
        self._waiting: defaultdict[TrialKey, list[Row]] = defaultdict(list)
        for row in rows:
            trunk = trunk_of(row.key)
            if trunk is not None and trunk in open_keys:
                self._waiting[trunk].append(row)
            else:
                self._ready.append(row)
        self._running = 0
        self._changed = threading.Condition()

    def next(self, stop: threading.Event) -> Row | None:
        """The next row, waiting for one if need be; None when there will be none any more, or at a stop."""
        with self._changed:
            while not stop.is_set():
                if self._ready:
                    self._running += 1
                    return self._ready.popleft()
                if not self._running:
                    return None
                self._changed.wait(timeout=0.2)
            return None

    def ended(self, row: Row) -> None:
        """Lets go of those that waited for the row; they come next."""
        with self._changed:
            self._running -= 1
            self._ready.extendleft(reversed(self._waiting.pop(row.key, [])))
            self._changed.notify_all()
