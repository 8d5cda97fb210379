"""Connections to the SQLite file, pooled, and transactions on them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobqueue.errors import DatabaseBusyError, PoolExhaustedError
from jobqueue.schema import migrate


class ConnectionPool:
    """A fixed number of connections, opened when first needed."""

    def __init__(self, path: Path, *, size: int, busy_timeout: float, durable: bool) -> None:
        if size < 1:
            raise ValueError("a pool needs at least one connection")
        self._path = path
        self._size = size
        self._busy_timeout = busy_timeout
        self._durable = durable
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._in_use: set[sqlite3.Connection] = set()

    @property
    def in_use(self) -> int:
        """How many connections are lent out."""
        with self._lock:
            return len(self._in_use)

    def acquire(self) -> sqlite3.Connection:
        """Lend a connection; give it back with `release`."""
        with self._lock:
            if len(self._in_use) >= self._size:
                raise PoolExhaustedError(f"all {self._size} connections to {self._path.name} are in use")
            connection = self._idle.pop() if self._idle else self._open()
            self._in_use.add(connection)
            return connection

    def release(self, connection: sqlite3.Connection) -> None:
        """Take a connection back, without whatever transaction was left open on it."""
        if connection.in_transaction:
            connection.rollback()
        with self._lock:
            self._in_use.remove(connection)
            self._idle.append(connection)

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=self._busy_timeout, isolation_level=None, check_same_thread=False
        )
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA synchronous = {'NORMAL' if self._durable else 'OFF'}")
        except BaseException:
            connection.close()
            raise
        return connection


class Database:
    """The file, its schema and its transactions."""

    def __init__(
        self, path: str | Path, *, pool_size: int = 4, busy_timeout: float = 5.0, durable: bool = True
    ) -> None:
        self._pool = ConnectionPool(Path(path), size=pool_size, busy_timeout=busy_timeout, durable=durable)
        with self.transaction() as connection:
            migrate(connection)

    @property
    def pool(self) -> ConnectionPool:
        """The connections, for monitoring."""
        return self._pool

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection that may write; commits at the end, rolls back on an error."""
        connection = self._pool.acquire()
        try:
            _begin(connection)
            yield connection
            connection.execute("COMMIT")
        finally:
            self._pool.release(connection)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading, on which all statements see the same state."""
        connection = self._pool.acquire()
        try:
            connection.execute("BEGIN DEFERRED")
            yield connection
        finally:
            self._pool.release(connection)

    def close(self) -> None:
        """Close the file; the database must be idle."""
        self._pool.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _begin(connection: sqlite3.Connection) -> None:
    """Start a transaction and take the write lock right away."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise DatabaseBusyError("the database is locked by another process") from error
        raise
