"""The index's SQLite file: opened by any number of processes, private, and made anew where it is of no use.

FTS5 without content (sqlite.org/fts5.html, 4.4.1) keeps words and no text. Its rows cannot be deleted before SQLite
3.43: those of steps that are gone are no longer joined, and once they are the greater part the file is made anew.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from runner.errors import FileProblem

VERSION = 1
"""Of the tables below and of what `entries` says of a step: a file of another version is made anew."""
BUSY_SECONDS = 30.0
GONE = 20_000
"""Steps that may be gone, beyond as many as there are, before the file is made anew."""

TABLES = """
BEGIN;
CREATE TABLE runs (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE transcripts (
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL, place TEXT NOT NULL,
  inode INTEGER NOT NULL, size INTEGER NOT NULL, tail TEXT NOT NULL, steps INTEGER NOT NULL, unread INTEGER NOT NULL,
  scenario TEXT NOT NULL, model TEXT NOT NULL, arm TEXT NOT NULL, repeat INTEGER NOT NULL, attempt INTEGER NOT NULL,
  verdict TEXT NOT NULL, UNIQUE (run, place));
CREATE TABLE steps (
  id INTEGER PRIMARY KEY AUTOINCREMENT, transcript INTEGER NOT NULL, step INTEGER NOT NULL,
  start INTEGER NOT NULL, length INTEGER NOT NULL,
  type TEXT NOT NULL, tool TEXT NOT NULL, errors TEXT NOT NULL, effects TEXT NOT NULL);
CREATE UNIQUE INDEX steps_in_order ON steps (transcript, step);
CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2');
COMMIT;
"""

T = TypeVar("T")


class Store:
    """One file; nothing in it is lost that cannot be read again from transcripts."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def work(self, task: Callable[[sqlite3.Connection], T]) -> T:
        """What `task` makes of a connection; once more with a new file where the old one is damaged.

        Raises FileProblem where the file can be neither used nor made anew.
        """
        try:
            try:
                return self._once(task)
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self.remove()
                return self._once(task)
        except (OSError, sqlite3.Error) as error:
            raise FileProblem(
                self.file, f"the search index cannot be used: {error}; remove it to have it anew"
            ) from None

    def remove(self) -> None:
        """Those that have it open go on with what they have."""
        with self._alone():
            self._unlink()

    def _once(self, task: Callable[[sqlite3.Connection], T]) -> T:
        with self._alone():
            db = self._opened()
        with closing(db):
            return task(db)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.file}.lock", timeout=BUSY_SECONDS, mode=0o600):
            yield

    def _opened(self) -> sqlite3.Connection:
        db = self._connected()
        try:
            if _version(db) == VERSION:
                return db
            db.close()
            self._unlink()
            db = self._connected()
            db.executescript(f"{TABLES} PRAGMA user_version = {VERSION};")
        except BaseException:
            db.close()
            raise
        return db

    def _connected(self) -> sqlite3.Connection:
        """What it holds is as private as the transcripts are."""
        os.close(os.open(self.file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(self.file, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = OFF")
            db.execute("PRAGMA trusted_schema = OFF")
        except BaseException:
            db.close()
            raise
        return db

    def _unlink(self) -> None:
        for end in ("", "-wal", "-shm"):
            Path(f"{self.file}{end}").unlink(missing_ok=True)


def outgrown(db: sqlite3.Connection) -> bool:
    """Whether most of the words belong to steps that are gone."""
    given = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'steps'").fetchone()
    there = db.execute("SELECT count(*) FROM steps").fetchone()[0]
    return given is not None and given[0] > 2 * there + GONE


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Not what passes, or what a new file would meet, too: a lock, a full disk, a folder that cannot be written."""
    code = getattr(error, "sqlite_errorcode", None)
    missing = isinstance(error, sqlite3.OperationalError) and "no such" in str(error)
    return missing or (code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
