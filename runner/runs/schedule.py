"""Which trial is next: branches wait for their trunks, those that may not start stay, those that wait hold no place."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

from runner.results import TrialKey
from runner.runs.ledger import Row

Ruling = Literal["go", "wait", "hold"]
"""Of a trial that would be next: it starts; it and all others of its model wait; it stays planned for this time."""


class Rules(Protocol):
    """What decides about starts; asked by one thread at a time."""

    def may(self, row: Row) -> Ruling: ...

    def starts(self, row: Row) -> None:
        """The row is handed out now."""
        ...


class NoRules:
    """Everything may start."""

    def may(self, row: Row) -> Ruling:
        return "go"

    def starts(self, row: Row) -> None: ...


class Schedule:
    """Hands out rows in order to any number of threads; each comes back by `ended`, `again` or `hold`.

    Rows of a model stand in line; the head that comes first in the order of all is next. At most `places` of them work
    at a time. One that waits for a person is set aside: its place is another row's, and it goes on, before any row that
    has not begun, once a place is free again.
    """

    def __init__(
        self,
        rows: Iterable[Row],
        trunk_of: Callable[[TrialKey], TrialKey | None],
        places: int | Callable[[], int] | None = None,
    ) -> None:
        """`rows` are those still to do; a trunk that is not among them has ended before.

        `places`: None for any; a function where their number changes.
        """
        rows = list(rows)
        open_keys = {row.key for row in rows}
        self._lines: defaultdict[str, deque[tuple[int, Row]]] = defaultdict(deque)
        self._waiting: defaultdict[TrialKey, list[Row]] = defaultdict(list)
        self._order = itertools.count()
        for row in rows:
            trunk = trunk_of(row.key)
            if trunk is not None and trunk in open_keys:
                self._waiting[trunk].append(row)
            else:
                self._lines[row.key.model].append((next(self._order), row))
        self._running: dict[int, int] = {}
        """Position → place in the order of all."""
        self._places = places
        self._aside = self._returning = 0
        """Rows without a place, and those of them that want one again."""
        self._changed = threading.Condition()
        self.held: list[Row] = []
        """Rows that stay planned, with those that branch from them."""

    def next(self, stop: threading.Event, rules: Rules | None = None) -> Row | None:
        """The next row that may start, waiting for one if need be; None when there will be none, or at a stop."""
        rules = rules or NoRules()
        with self._changed:
            while not stop.is_set():
                if self._has_place(before=self._returning) and (heads := self._heads(rules)):
                    place, row = min(heads, key=lambda head: head[0])
                    self._lines[row.key.model].popleft()
                    self._running[row.position] = place
                    rules.starts(row)
                    return row
                if not self._running and not any(self._lines.values()):
                    return None
                self._changed.wait(timeout=0.2)
            return None

    @property
    def waiting(self) -> int:
        """How many rows are neither handed out nor held."""
        with self._changed:
            return sum(map(len, self._lines.values())) + sum(map(len, self._waiting.values()))

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

    def ended(self, row: Row) -> None:
        """Lets go of those that waited for the row; they come next."""
        with self._changed:
            place = self._running.pop(row.position, -1)
            line = self._lines[row.key.model]
            line.extendleft((place, branch) for branch in reversed(self._waiting.pop(row.key, [])))
            self._changed.notify_all()

    def again(self, row: Row) -> None:
        """The row is to be done once more, after all others; those that wait for it go on waiting."""
        with self._changed:
            self._running.pop(row.position, None)
            self._lines[row.key.model].append((next(self._order), row))
            self._changed.notify_all()

    def hold(self, row: Row) -> None:
        """The row stays planned, and so do those that wait for it."""
        with self._changed:
            self._running.pop(row.position, None)
            self._hold(row)
            self._changed.notify_all()

    def _has_place(self, before: int = 0) -> bool:
        """Whether one more may work, `before` others having precedence."""
        places = self._places() if callable(self._places) else self._places
        return places is None or len(self._running) - self._aside + before < places

    def _heads(self, rules: Rules) -> list[tuple[int, Row]]:
        """Of each model the row that may start; heads that are held go out of line."""
        found = []
        for line in self._lines.values():
            while line:
                ruling = rules.may(line[0][1])
                if ruling == "go":
                    found.append(line[0])
                if ruling != "hold":
                    break
                self._hold(line.popleft()[1])
        return found

    def _hold(self, row: Row) -> None:
        self.held.append(row)
        for branch in self._waiting.pop(row.key, []):
            self._hold(branch)
