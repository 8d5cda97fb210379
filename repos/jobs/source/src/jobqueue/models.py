"""The values that the store hands out."""

from __future__ import annotations

import enum
import sqlite3
from dataclasses import dataclass
from typing import Any

from jobqueue.codec import decode


class JobState(enum.StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a job until `expires_at`."""

    job_id: int
    token: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt."""

    attempt: int
    error: str
    failed_at: float


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was when it was read."""

    id: int
    queue: str
    task: str
    payload: Any
    priority: int
    state: JobState
    attempts: int
    max_attempts: int
    created_at: float
    run_at: float
    started_at: float | None
    finished_at: float | None
    worker: str | None
    unique_key: str | None
    parent_id: int | None
    result: Any
    last_error: str | None

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Job:
        """A row of the jobs table."""
        values = {name: row[name] for name in cls.__slots__}
        values.update(
            state=JobState(row["state"]), payload=decode(row["payload"]), result=decode(row["result"])
        )
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Claim:
    """A job together with the lease under which it is held."""

    job: Job
    lease: Lease
