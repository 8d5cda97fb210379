"""Which trial is next: those that branch from another one wait until it has ended, those that wait hold no place."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from runner.ledger import Row
from runner.results import TrialKey


class Schedule:
    """Hands out rows in order to any number of threads; each row once, and back at `ended`, whatever became of it.

    At most `places` of them work at a time. One that waits for a person is set aside: its place is another row's, and
    it goes on, before any row that has not begun, once a place is free again.
    """

    def __init__(
        self, rows: Iterable[Row], trunk_of: Callable[[TrialKey], TrialKey | None], places: int | None = None
    ) -> None:
        """`rows` are those still to do; a trunk that is not among them has ended before. `places`: None for any."""
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
        self._aside = self._returning = 0
        self._places = places
        self._changed = threading.Condition()

    def next(self, stop: threading.Event) -> Row | None:
        """The next row, waiting for one if need be; None when there will be none any more, or at a stop."""
        with self._changed:
            while not stop.is_set():
                if self._ready and self._has_place(before=self._returning):
                    self._running += 1
                    return self._ready.popleft()
                if not self._running:
                    return None
                self._changed.wait(timeout=0.2)
            return None

    @contextmanager
    def set_aside(self, stop: threading.Event) -> Iterator[None]:
        """For a row that was handed out: it holds no place meanwhile, and has one again afterwards, but for a stop."""
        with self._changed:
            self._aside += 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._returning += 1
                while not self._has_place() and not stop.is_set():
                    self._changed.wait(timeout=0.2)
                self._returning -= 1
                self._aside -= 1

    def _has_place(self, before: int = 0) -> bool:
        """Whether one more may work, `before` others having precedence."""
        return self._places is None or self._running - self._aside + before < self._places

    def ended(self, row: Row) -> None:
        """Lets go of those that waited for the row; they come next."""
        with self._changed:
            self._running -= 1
            self._ready.extendleft(reversed(self._waiting.pop(row.key, [])))
            self._changed.notify_all()
