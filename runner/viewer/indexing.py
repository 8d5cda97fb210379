"""The search index brought up to date in the background: a request waits a moment for it, and is told how far it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runner.errors import UserError
from runner.search.index import Index, Refreshed


@dataclass
class Work:
    """One pass over the runs' transcripts: how many were read, and of how many; then what came of it."""

    done: int = 0
    of: int = 0
    result: Refreshed | None = None
    problem: UserError | None = None
    ended: threading.Event = field(default_factory=threading.Event)


class Indexing:
    """Safe to use from any thread. One pass goes on at a time, in a thread that ends with the process."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._now: Work | None = None

    def refresh(self, runs: Sequence[Path], seconds: float) -> Work:
        """A pass that began after this call and has ended; or the one that still goes on after so many seconds.

        Raises UserError where the index cannot be written.
        """
        deadline = time.monotonic() + seconds
        while True:
            with self._lock:
                is_mine = self._now is None or self._now.ended.is_set()
                work = self._now = self._begun(runs) if is_mine or self._now is None else self._now
            if not work.ended.wait(max(0.0, deadline - time.monotonic())):
                return work
            if work.problem is not None:
                raise work.problem
            if is_mine:
                return work

    def _begun(self, runs: Sequence[Path]) -> Work:
        work = Work()
        threading.Thread(target=self._read, args=(runs, work), daemon=True).start()
        return work

    def _read(self, runs: Sequence[Path], work: Work) -> None:
        def heard(done: int, of: int) -> None:
            work.done, work.of = done, of

        try:
            work.result = self._index.refresh(runs, heard)
        except UserError as error:
            work.problem = error
        finally:
            work.ended.set()
