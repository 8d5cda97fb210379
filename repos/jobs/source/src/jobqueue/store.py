"""The jobs table: everything that reads or changes jobs."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from typing import Any

from jobqueue.clock import Clock, SystemClock
from jobqueue.codec import decode, encode
from jobqueue.database import Database
from jobqueue.errors import JobNotFoundError, JobStateError, LeaseLostError
from jobqueue.models import Claim, Failure, Job, JobState, Lease
from jobqueue.retry import RetryPolicy

DEFAULT_QUEUE = "default"
DEFAULT_LEASE = 60.0


class JobStore:
    """Jobs in a database; safe to use from several threads and processes."""

    def __init__(
        self, database: Database, *, clock: Clock | None = None, retry: RetryPolicy | None = None
    ) -> None:
        self.database = database
        self.clock = clock or SystemClock()
        self.retry = retry or RetryPolicy()

    # Adding

    def enqueue(self, task: str, payload: Any = None, **options: Any) -> Job:
        """Add a job; for the options see `insert`."""
        with self.database.transaction() as connection:
            return self.insert(connection, task, payload, **options)

    def insert(
        self,
        connection: sqlite3.Connection,
        task: str,
        payload: Any = None,
        *,
        queue: str = DEFAULT_QUEUE,
        priority: int = 0,
        run_at: float | None = None,
        max_attempts: int | None = None,
        unique_key: str | None = None,
        after: int | None = None,
    ) -> Job:
        """Add a job within the caller's transaction."""
        if max_attempts is not None and max_attempts < 1:
            raise ValueError("a job needs at least one attempt")
        encoded = encode(payload)
        attempts = self.retry.max_attempts if max_attempts is None else max_attempts
        now = self.clock.now()
        start = now if run_at is None else run_at
        if unique_key is not None:
            row = connection.execute(
                "SELECT * FROM jobs WHERE unique_key = ? AND state IN ('queued', 'running')", (unique_key,)
            ).fetchone()
            if row is not None:
                return Job.from_row(row)
        if after is not None:
            _fetch(connection, after)
        cursor = connection.execute(
            """
            INSERT INTO jobs (queue, task, payload, priority, state, max_attempts, created_at, run_at,
                              unique_key, parent_id)
            VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?)
            """,
            (queue, task, encoded, priority, attempts, now, start, unique_key, after),
        )
        return Job.from_row(_fetch(connection, cursor.lastrowid or 0))

    # Working

    def claim(
        self, worker: str, *, queues: Sequence[str] = (DEFAULT_QUEUE,), lease: float = DEFAULT_LEASE
    ) -> Claim | None:
        """Take the next due job of the queues; None if there is nothing to do."""
        if not queues:
            return None
        now = self.clock.now()
        places = ", ".join("?" for _ in queues)
        with self.database.transaction() as connection:
            row = connection.execute(
                f"""
                SELECT id FROM jobs AS job
                WHERE queue IN ({places}) AND state = 'queued' AND run_at <= ?
                  AND (parent_id IS NULL
                       OR EXISTS (SELECT 1 FROM jobs WHERE id = job.parent_id AND state = 'done'))
                ORDER BY priority DESC, run_at, id
                LIMIT 1
                """,
                (*queues, now),
            ).fetchone()
            if row is None:
                return None
            granted = Lease(row["id"], secrets.token_hex(16), now + lease)
            connection.execute(
                """
                UPDATE jobs SET state = 'running', attempts = attempts + 1, started_at = ?, worker = ?,
                                lease_token = ?, lease_expires_at = ?
                WHERE id = ?
                """,
                (now, worker, granted.token, granted.expires_at, granted.job_id),
            )
            return Claim(Job.from_row(_fetch(connection, granted.job_id)), granted)

    def heartbeat(self, lease: Lease, *, extend: float = DEFAULT_LEASE) -> Lease:
        """Prolong a lease, counted from now."""
        renewed = Lease(lease.job_id, lease.token, self.clock.now() + extend)
        with self.database.transaction() as connection:
            _held(connection, lease)
            connection.execute(
                "UPDATE jobs SET lease_expires_at = ? WHERE id = ?", (renewed.expires_at, lease.job_id)
            )
        return renewed

    def complete(self, lease: Lease, result: Any = None) -> None:
        """Record that the job is done."""
        encoded = encode(result)
        with self.database.transaction() as connection:
            _held(connection, lease)
            connection.execute(
                """
                UPDATE jobs SET state = 'done', finished_at = ?, result = ?, last_error = NULL,
                                lease_token = NULL, lease_expires_at = NULL
                WHERE id = ?
                """,
                (self.clock.now(), encoded, lease.job_id),
            )

    def fail(self, lease: Lease, error: str, *, final: bool = False) -> JobState:
        """Record that the attempt failed; says whether the job is queued again or dead."""
        with self.database.transaction() as connection:
            return self._give_back(connection, _held(connection, lease), error, final=final)

    def release_expired(self) -> list[Job]:
        """Count running jobs whose lease is over as failed; returns them as they are now."""
        with self.database.transaction() as connection:
            rows = connection.execute(
                "SELECT * FROM jobs WHERE state = 'running' AND lease_expires_at <= ? ORDER BY id",
                (self.clock.now(),),
            ).fetchall()
            for row in rows:
                self._give_back(connection, row, f"lease of {row['worker']} expired")
            return [Job.from_row(_fetch(connection, row["id"])) for row in rows]

    def _give_back(
        self, connection: sqlite3.Connection, row: sqlite3.Row, error: str, *, final: bool = False
    ) -> JobState:
        now = self.clock.now()
        run_at = None if final else self.retry.next_run(row["attempts"], row["max_attempts"], now)
        state = JobState.DEAD if run_at is None else JobState.QUEUED
        connection.execute(
            """
            UPDATE jobs SET state = ?, run_at = coalesce(?, run_at), finished_at = ?, last_error = ?,
                            worker = NULL, lease_token = NULL, lease_expires_at = NULL
            WHERE id = ?
            """,
            (state, run_at, now if run_at is None else None, error, row["id"]),
        )
        connection.execute(
            "INSERT INTO failures (job_id, attempt, error, failed_at) VALUES (?, ?, ?, ?)",
            (row["id"], row["attempts"], error, now),
        )
        return state

    # Looking

    def get(self, job_id: int) -> Job:
        """One job."""
        with self.database.snapshot() as connection:
            return Job.from_row(_fetch(connection, job_id))

    def failures(self, job_id: int) -> list[Failure]:
        """The failed attempts of a job, oldest first."""
        with self.database.snapshot() as connection:
            rows = connection.execute(
                "SELECT attempt, error, failed_at FROM failures WHERE job_id = ? ORDER BY rowid", (job_id,)
            )
            return [Failure(row["attempt"], row["error"], row["failed_at"]) for row in rows]

    def parent_result(self, job: Job) -> Any:
        """The result of the job that this one follows; None if it follows none."""
        if job.parent_id is None:
            return None
        with self.database.snapshot() as connection:
            return decode(_fetch(connection, job.parent_id)["result"])

    def find(
        self, *, task_prefix: str = "", state: JobState | None = None, queue: str | None = None, limit: int = 100
    ) -> list[Job]:
        """Jobs whose task begins with a prefix (taken literally), newest first."""
        with self.database.snapshot() as connection:
            rows = connection.execute(
                """
                SELECT * FROM jobs
                WHERE substr(task, 1, length(?1)) = ?1
                  AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR queue = ?3)
                ORDER BY created_at DESC, id DESC
                LIMIT ?4
                """,
                (task_prefix, state, queue, limit),
            )
            return [Job.from_row(row) for row in rows]

    def dead_letters(self, *, limit: int = 100) -> list[Job]:
        """Jobs that were given up, the latest first."""
        with self.database.snapshot() as connection:
            rows = connection.execute(
                "SELECT * FROM jobs WHERE state = 'dead' ORDER BY finished_at DESC, id DESC LIMIT ?", (limit,)
            )
            return [Job.from_row(row) for row in rows]

    # Looking after

    def revive(self, job_id: int) -> Job:
        """Queue a dead job again, with all its attempts before it."""
        with self.database.transaction() as connection:
            row = _fetch(connection, job_id)
            if row["state"] != JobState.DEAD:
                raise JobStateError(f"job {job_id} is {row['state']}, not dead")
            connection.execute(
                "UPDATE jobs SET state = 'queued', attempts = 0, run_at = ?, finished_at = NULL WHERE id = ?",
                (self.clock.now(), job_id),
            )
            return Job.from_row(_fetch(connection, job_id))

    def purge(self, older_than: float) -> int:
        """Delete jobs done at least `older_than` seconds ago that no unfinished follow-up refers to."""
        with self.database.transaction() as connection:
            cursor = connection.execute(
                """
                DELETE FROM jobs
                WHERE state = 'done' AND finished_at <= ?
                  AND NOT EXISTS (SELECT 1 FROM jobs AS child
                                  WHERE child.parent_id = jobs.id AND child.state <> 'done')
                """,
                (self.clock.now() - older_than,),
            )
            return cursor.rowcount


def _fetch(connection: sqlite3.Connection, job_id: int) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise JobNotFoundError(job_id)
    return row


def _held(connection: sqlite3.Connection, lease: Lease) -> sqlite3.Row:
    """The row of a job that is still held under the lease."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM jobs WHERE id = ? AND state = 'running' AND lease_token = ?", (lease.job_id, lease.token)
    ).fetchone()
    if row is None:
        raise LeaseLostError(lease.job_id)
    return row
