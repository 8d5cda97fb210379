"""The file of a ledger: opened and checked, changed in transactions, several threads' changes in one.

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
from typing import Any

from runner.errors import FileProblem, LedgerDamaged
from runner.ledger_schema import set_up

GATHER_SECONDS, MOST_SECONDS = 0.0005, 0.05
"""How long a change waits for others, for each call that is under way beside its own; and at most."""


@dataclass
class Batch:
    """Changes that are written together."""

    wanted: list[Wanted] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None
    """Why none of them is written."""


Change = Callable[[sqlite3.Connection, dict[str, Any]], int]
"""Made within a transaction; raises what is wrong with it before it has changed anything. The second argument holds
what changes of one transaction tell each other."""


@dataclass
class Wanted:
    """One thread's change."""

    change: Change
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
        self._written = 0.0
        """When a batch was last written, in monotonic seconds."""
        try:
            self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None, timeout=30)
        except sqlite3.Error as error:
            raise FileProblem(file, f"cannot be opened: {error}") from None
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
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
            except BaseException:  # a disk that is full refuses the commit, too
                with contextlib.suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                raise

    def _together(self, change: Change, others: int, *, frees: bool = False) -> int:
        """Make a change with those of other threads; returns its result once it is on disk.

        `others`: calls under way beside this one; each of them will soon want something written. A change that `frees`
        comes before those that do not, and where another thread is about to write it is not waited for.
        """
        wanted = Wanted(change)
        with self._queue:
            leads = self._open is None
            batch = self._open = self._open or Batch()
            batch.wanted.insert(0 if frees else len(batch.wanted), wanted)
        if leads:
            try:
                pause = min(MOST_SECONDS, GATHER_SECONDS * others)
                time.sleep(max(0.0, self._written + pause - time.monotonic()))
            finally:
                self._write_open(batch)
        elif frees:
            return 0
        batch.over.wait()
        if (error := batch.error or wanted.error) is not None:
            raise error
        return wanted.result

    def _write_open(self, only: Batch | None = None) -> None:
        """Write what waits, unless it is another batch than `only`; errors are for those who wanted it."""
        with self._lock:
            with self._queue:
                if self._open is None or (only is not None and self._open is not only):
                    return
                batch, self._open = self._open, None
            try:
                self._db.execute("BEGIN IMMEDIATE")
                shared: dict[str, Any] = {}
                for wanted in batch.wanted:
                    try:
                        wanted.result = wanted.change(self._db, shared)
                    except sqlite3.OperationalError:  # the disk's, and so everybody's
                        raise
                    except Exception as error:
                        wanted.error = error
                self._db.execute("COMMIT")
            except BaseException as error:
                batch.error = error
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                if not isinstance(error, sqlite3.Error):
                    raise
            finally:
                self._written = time.monotonic()
                batch.over.set()
