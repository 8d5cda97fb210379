"""The file of a ledger: opened and checked, changed in transactions, several threads' changes in one.

Others can read it meanwhile, by SQLite's write-ahead log. That needs a mapped file, which some file systems cannot
write to when they are full: there it is a rollback journal, and whoever reads waits for a commit.

To bring a transaction to the disk takes longer than to make it. What many threads want written at about the same time
is therefore gathered for a moment and goes to the disk together (group commit).
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from runner.durable import overwrites
from runner.errors import FileProblem, LedgerDamaged
from runner.runs.ledger_schema import set_up
from runner.runs.ledger_sums import Sums

GATHER_SECONDS, MOST_SECONDS = 0.0002, 0.02
"""How long a change waits for others, for each call that is under way beside its own; and at most."""

Change = Callable[[sqlite3.Connection, Sums], int]
"""Made within a transaction; raises what is wrong with it before it has changed anything."""


@dataclass
class Batch:
    """Changes that are written together, and waited for."""

    wanted: list[Wanted] = field(default_factory=list)
    error: BaseException | None = None
    """Why none of them is written."""

    def over(self) -> None:
        """Let those go on who wait."""
        for each in self.wanted:
            each.waiting.release()


def _taken() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True)
class Wanted:
    """One thread's change."""

    change: Change
    waiting: threading.Lock = field(default_factory=_taken)
    """A bare lock: an Event costs twice the processor time, which is most of what a change takes."""
    result: int = 0
    error: Exception | None = None


class LedgerFile:
    """Safe to use from any thread. Raises LedgerDamaged for a file that is no sound ledger, FileProblem for one that
    cannot be used; it is left as it is.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.RLock()
        self._queue = threading.Lock()
        self._open: Batch | None = None
        """What waits to be written."""
        self._freed: list[Change] = []
        """What is to be written before it, and nobody waits for."""
        self.commits = 0
        """Transactions that came to the disk."""
        self._began = 0.0
        """When a batch was last begun to be written, in monotonic seconds: a slow disk gathers by itself."""
        try:
            self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None, timeout=30)
        except sqlite3.Error as error:
            raise FileProblem(file, f"cannot be opened: {error}") from None
        try:
            self._db.execute(f"PRAGMA journal_mode={'WAL' if overwrites(file.parent) else 'TRUNCATE'}")
            self._db.execute("PRAGMA synchronous=FULL")
            set_up(self._db)
            found = str(self._db.execute("PRAGMA quick_check(1)").fetchone()[0])
        except sqlite3.Error as error:
            if isinstance(error, sqlite3.OperationalError):  # a full disk, a lock, a folder that is read-only
                self._db.close()
                raise FileProblem(file, f"cannot be used: {error}") from None
            found = str(error)
        if found != "ok":
            self._db.close()
            raise LedgerDamaged(file, found)
        self._sums = Sums(self._db)

    def close(self) -> None:
        with self._reading() as db:
            db.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Sees whatever was wanted before."""
        with self._lock:
            self._write_open()
            yield self._db

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """On disk when it is left; comes after whatever was wanted before."""
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
                self.commits += 1
            except BaseException:  # a disk that is full refuses the commit, too
                with contextlib.suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                raise

    def _later(self, change: Change) -> None:
        """Make a change with whatever is written next, before it."""
        with self._queue:
            self._freed.append(change)

    def _together(self, change: Change, others: int) -> int:
        """Make a change with those of other threads; returns its result once it is on disk.

        `others`: calls under way beside this one; each of them will soon want something written.
        """
        wanted = Wanted(change)
        with self._queue:
            leads = self._open is None
            batch = self._open = self._open or Batch()
            batch.wanted.append(wanted)
        if leads:
            try:
                pause = min(MOST_SECONDS, GATHER_SECONDS * others)
                time.sleep(max(0.0, self._began + pause - time.monotonic()))
            finally:
                self._write_open(batch)
        wanted.waiting.acquire()
        if (error := batch.error or wanted.error) is not None:
            raise error
        return wanted.result

    def _write_open(self, only: Batch | None = None) -> None:
        """Write what waits, unless it is another batch than `only`; errors are for those who wanted it."""
        with self._lock:
            with self._queue:
                if only is not None and self._open is not only:
                    return
                batch, self._open = self._open or Batch(), None
                freed, self._freed = self._freed, []
            if not (freed or batch.wanted):
                return
            self._began = time.monotonic()
            try:
                self._write(freed, batch.wanted)
            except BaseException as error:
                batch.error = error
                with self._queue:
                    self._freed = freed + self._freed  # nobody else would write them
                if not isinstance(error, sqlite3.Error):
                    raise
            finally:
                batch.over()

    def _write(self, freed: list[Change], wanted: list[Wanted]) -> None:
        """One transaction, on disk or not made at all. Raises what the disk raises; of the rest each keeps its own."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._sums.refresh()
            for change in freed:
                self._make(change)
            for each in wanted:
                each.result, each.error = self._make(each.change)
            self._db.execute("COMMIT")
            self.commits += 1
        except BaseException:
            self._sums.forget()
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise

    def _make(self, change: Change) -> tuple[int, Exception | None]:
        """Its result, or what is wrong with it alone. Raises what the disk raises: that is everybody's."""
        try:
            return change(self._db, self._sums), None
        except sqlite3.OperationalError:
            raise
        except Exception as error:
            return 0, error
