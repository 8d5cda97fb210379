"""The tables, and how older files are brought up to date."""

from __future__ import annotations

import sqlite3

_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE jobs (
            id INTEGER PRIMARY KEY,
            queue TEXT NOT NULL, task TEXT NOT NULL, payload TEXT,
            priority INTEGER NOT NULL DEFAULT 0,
            state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'dead')),
            attempts INTEGER NOT NULL DEFAULT 0, max_attempts INTEGER NOT NULL,
            created_at REAL NOT NULL, run_at REAL NOT NULL, started_at REAL, finished_at REAL,
            worker TEXT, lease_token TEXT, lease_expires_at REAL,
            result TEXT, last_error TEXT
        )
        """,
        "CREATE INDEX jobs_due ON jobs (queue, state, priority DESC, run_at, id)",
    ),
    (
        "ALTER TABLE jobs ADD COLUMN unique_key TEXT",
        """
        CREATE UNIQUE INDEX jobs_unique_key ON jobs (unique_key)
        WHERE unique_key IS NOT NULL AND state IN ('queued', 'running')
        """,
        """
        CREATE TABLE failures (
            job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
            attempt INTEGER NOT NULL,
            error TEXT NOT NULL,
            failed_at REAL NOT NULL
        )
        """,
        "CREATE INDEX failures_job ON failures (job_id)",
    ),
    (
        """
        CREATE TABLE schedules (
            name TEXT PRIMARY KEY, task TEXT NOT NULL, payload TEXT,
            queue TEXT NOT NULL, priority INTEGER NOT NULL,
            interval REAL NOT NULL, anchor REAL NOT NULL, next_run_at REAL NOT NULL
        )
        """,
    ),
    (
        "ALTER TABLE jobs ADD COLUMN parent_id INTEGER REFERENCES jobs (id) ON DELETE SET NULL",
        "CREATE INDEX jobs_parent ON jobs (parent_id) WHERE parent_id IS NOT NULL",
    ),
)

VERSION = len(_MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> int:
    """Apply what is missing, inside the caller's transaction; returns the number of steps taken."""
    (current,) = connection.execute("PRAGMA user_version").fetchone()
    if current > VERSION:
        raise sqlite3.DatabaseError(f"the file has schema {current}, this release knows {VERSION}")
    for step in _MIGRATIONS[current:]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    return VERSION - current
