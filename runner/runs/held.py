"""What keeps trials of a run planned: a cap, or the time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping

from runner.runs.runlog import RunLog

TIME = "the time"
"""Whose hold it is where no trial can end before the run's last hour."""


class Held(Mapping[str, int]):
    """Sentence → how many trials it keeps planned. Thread-safe.

    The log says when a cap begins to hold trials back, once a cap however many trials and models it holds.
    """

    def __init__(self, log: RunLog) -> None:
        self._log = log
        self._counts: Counter[str] = Counter()
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def add(self, why: str, cap: str, count: int = 1) -> None:
        """`cap` names whose it is; `why` may differ from model to model."""
        with self._lock:
            self._counts[why] += count
            new = cap not in self._known
            self._known.add(cap)
        if new:
            self._log.add("late" if cap == TIME else "holding", f"trials begin to stay planned: {why}")

    def __getitem__(self, why: str) -> int:
        return self._counts[why]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._counts))

    def __len__(self) -> int:
        return len(self._counts)
