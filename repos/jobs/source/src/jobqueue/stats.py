"""Figures about the queues."""

from __future__ import annotations

from dataclasses import dataclass

from jobqueue.models import JobState
from jobqueue.store import JobStore


@dataclass(frozen=True, slots=True)
class QueueStats:
    """One queue at one moment."""

    queue: str
    counts: dict[JobState, int]
    due: int
    """Queued jobs whose time has come."""
    oldest_wait: float
    """How long the longest waiting of these has been due, in seconds."""
    finished_recently: int
    mean_seconds: float | None
    """Mean time from start to finish of the jobs done within the window."""


def collect_stats(store: JobStore, *, window: float = 3600.0) -> list[QueueStats]:
    """The figures of every queue, by name; `window` is how far back recent jobs go."""
    now = store.clock.now()
    with store.database.snapshot() as connection:
        counts = connection.execute("SELECT queue, state, count(*) FROM jobs GROUP BY queue, state").fetchall()
        due = {
            queue: (number, now - earliest)
            for queue, number, earliest in connection.execute(
                """
                SELECT queue, count(*), min(run_at) FROM jobs
                WHERE state = 'queued' AND run_at <= ? GROUP BY queue
                """,
                (now,),
            )
        }
        recent = {
            queue: (number, mean)
            for queue, number, mean in connection.execute(
                """
                SELECT queue, count(*), avg(finished_at - started_at) FROM jobs
                WHERE state = 'done' AND finished_at > ? GROUP BY queue
                """,
                (now - window,),
            )
        }
    by_queue: dict[str, dict[JobState, int]] = {}
    for queue, state, number in counts:
        by_queue.setdefault(queue, dict.fromkeys(JobState, 0))[JobState(state)] = number
    return [
        QueueStats(queue, states, *due.get(queue, (0, 0.0)), *recent.get(queue, (0, None)))
        for queue, states in sorted(by_queue.items())
    ]
