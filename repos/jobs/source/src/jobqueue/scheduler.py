"""Tasks that are repeated on a fixed grid."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass
from typing import Any

from jobqueue.codec import decode, encode
from jobqueue.errors import ScheduleError
from jobqueue.models import Job
from jobqueue.store import DEFAULT_QUEUE, JobStore


@dataclass(frozen=True, slots=True)
class Schedule:
    """A task and when it is due next."""

    name: str
    task: str
    payload: Any
    queue: str
    priority: int
    interval: float
    anchor: float
    next_run_at: float

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Schedule:
        """A row of the schedules table."""
        values = {name: row[name] for name in cls.__slots__}
        return cls(**values | {"payload": decode(row["payload"])})

    def following(self, now: float) -> float:
        """The first slot of the grid after `now`."""
        slots = math.floor((now - self.anchor) / self.interval) + 1
        return self.anchor + slots * self.interval


class Scheduler:
    """Turns schedules into jobs."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def every(
        self,
        interval: float,
        name: str,
        task: str,
        payload: Any = None,
        *,
        queue: str = DEFAULT_QUEUE,
        priority: int = 0,
        first: float | None = None,
    ) -> None:
        """Run a task every `interval` seconds from `first` (or now) on; replaces one of the same name."""
        if interval <= 0:
            raise ScheduleError("the interval must be positive")
        anchor = self._store.clock.now() if first is None else first
        with self._store.database.transaction() as connection:
            connection.execute(
                """
                INSERT OR REPLACE INTO schedules VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                (name, task, encode(payload), queue, priority, interval, anchor, anchor),
            )

    def remove(self, name: str) -> None:
        """Forget a schedule; jobs that it has made stay."""
        with self._store.database.transaction() as connection:
            cursor = connection.execute("DELETE FROM schedules WHERE name = ?", (name,))
            if cursor.rowcount == 0:
                raise ScheduleError(f"no schedule {name!r}")

    def schedules(self) -> list[Schedule]:
        """All schedules by name."""
        with self._store.database.snapshot() as connection:
            rows = connection.execute("SELECT * FROM schedules ORDER BY name")
            return [Schedule.from_row(row) for row in rows]

    def tick(self) -> list[Job]:
        """Enqueue what is due; a schedule whose last job is not finished gets no second one."""
        now = self._store.clock.now()
        jobs = []
        with self._store.database.transaction() as connection:
            rows = connection.execute(
                "SELECT * FROM schedules WHERE next_run_at <= ? ORDER BY next_run_at, name", (now,)
            ).fetchall()
            for schedule in map(Schedule.from_row, rows):
                jobs.append(
                    self._store.insert(
                        connection,
                        schedule.task,
                        schedule.payload,
                        queue=schedule.queue,
                        priority=schedule.priority,
                        unique_key=f"schedule:{schedule.name}",
                    )
                )
                connection.execute(
                    "UPDATE schedules SET next_run_at = ? WHERE name = ?",
                    (schedule.following(now), schedule.name),
                )
        return jobs
