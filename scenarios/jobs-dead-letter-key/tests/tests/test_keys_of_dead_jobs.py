"""Unique keys of jobs that were given up, in new files and in those of earlier releases."""

from __future__ import annotations

import sqlite3

import pytest

from jobqueue import Database, JobState, JobStateError, JobStore, RetryPolicy, Scheduler, schema

FIRST = (
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
    "ALTER TABLE jobs ADD COLUMN unique_key TEXT",
    """
    CREATE UNIQUE INDEX jobs_unique_key ON jobs (unique_key)
    WHERE unique_key IS NOT NULL AND state <> 'done'
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
)
LATER = (
    """
    CREATE TABLE schedules (
        name TEXT PRIMARY KEY, task TEXT NOT NULL, payload TEXT,
        queue TEXT NOT NULL, priority INTEGER NOT NULL,
        interval REAL NOT NULL, anchor REAL NOT NULL, next_run_at REAL NOT NULL
    )
    """,
    "ALTER TABLE jobs ADD COLUMN parent_id INTEGER REFERENCES jobs (id) ON DELETE SET NULL",
    "CREATE INDEX jobs_parent ON jobs (parent_id) WHERE parent_id IS NOT NULL",
)
RELEASES = {"older": (FIRST, 2), "current": (FIRST + LATER, 4)}
INSERT = """
    INSERT INTO jobs (queue, task, state, attempts, max_attempts, created_at, run_at, unique_key)
    VALUES ('default', 'export', ?, 1, 1, 900.0, 900.0, ?)
"""


def written_by(release, path):
    """A file as an earlier release left it, with two dead letters, a queued job and a done one."""
    statements, version = RELEASES[release]
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    for state, key in (("dead", "export:1"), ("dead", "export:2"), ("queued", "export:3"), ("done", "export:3")):
        connection.execute(INSERT, (state, key))
    connection.execute(f"PRAGMA user_version = {version}")
    return connection


def bury(store, key="export"):
    """A dead letter under a key."""
    job = store.enqueue("export", unique_key=key, max_attempts=1)
    store.fail(store.claim("w").lease, "disk full")
    return job


def test_key_of_a_dead_letter_is_free(store):
    dead = bury(store)
    fresh = store.enqueue("export", unique_key="export")
    assert fresh.id != dead.id
    assert (fresh.state, fresh.unique_key) == (JobState.QUEUED, "export")
    kept = store.get(dead.id)
    assert (kept.state, kept.unique_key) == (JobState.DEAD, "export")


def test_scheduler_goes_on_after_a_dead_letter(store, clock):
    scheduler = Scheduler(store)
    scheduler.every(60, "export", "export")
    scheduler.every(60, "report", "report")
    scheduler.tick()
    for _ in range(2):
        store.fail(store.claim("w").lease, "disk full", final=True)
    clock.advance(60)
    assert [job.task for job in scheduler.tick()] == ["export", "report"]
    assert len(store.dead_letters()) == 2
    assert {job.unique_key for job in store.dead_letters()} == {"schedule:export", "schedule:report"}


def test_several_dead_letters_of_one_key(store):
    ids = [bury(store).id for _ in range(3)]
    assert sorted(job.id for job in store.dead_letters()) == ids
    assert [store.get(ident).unique_key for ident in ids] == ["export"] * 3


def test_revival_while_the_key_is_in_use(store):
    dead = bury(store)
    fresh = store.enqueue("export", unique_key="export")
    for state in (JobState.QUEUED, JobState.RUNNING):
        assert store.get(fresh.id).state is state
        with pytest.raises(JobStateError):
            store.revive(dead.id)
        kept = store.get(dead.id)
        assert (kept.state, kept.attempts, kept.unique_key) == (JobState.DEAD, 1, "export")
        if state is JobState.QUEUED:
            store.claim("w")


def test_revival_when_the_key_is_free_again(store):
    dead = bury(store)
    other = bury(store)
    revived = store.revive(dead.id)
    assert (revived.state, revived.unique_key) == (JobState.QUEUED, "export")
    assert store.enqueue("export", unique_key="export").id == dead.id
    store.complete(store.claim("w").lease)
    assert store.revive(other.id).state is JobState.QUEUED


def test_revival_looks_at_its_own_key_only(store):
    dead = bury(store)
    store.enqueue("export", unique_key="another")
    store.enqueue("export")
    assert store.revive(dead.id).state is JobState.QUEUED


def test_jobs_without_a_key_are_revived(store):
    ids = [store.enqueue("export", max_attempts=1).id for _ in range(2)]
    for _ in ids:
        store.fail(store.claim("w").lease, "disk full")
    assert [store.revive(ident).state for ident in ids] == [JobState.QUEUED] * 2


@pytest.mark.parametrize("release", ["current", "older"])
def test_file_of_the_current_release(tmp_path, clock, release):
    written_by(release, tmp_path / "jobs.sqlite3").close()
    with Database(tmp_path / "jobs.sqlite3", durable=False) as database:
        store = JobStore(database, clock=clock, retry=RetryPolicy(max_attempts=1))
        assert sorted(job.unique_key for job in store.dead_letters()) == ["export:1", "export:2"]
        assert store.enqueue("export", unique_key="export:1").id == 5
        assert store.enqueue("export", unique_key="export:3").id == 3
        assert store.revive(2).state is JobState.QUEUED
        with pytest.raises(JobStateError):
            store.revive(1)


def test_migration_alone_frees_the_key(tmp_path):
    connection = written_by("current", tmp_path / "jobs.sqlite3")
    assert schema.migrate(connection) == schema.VERSION - 4
    connection.execute(INSERT, ("queued", "export:1"))
    for state in ("queued", "running"):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(INSERT, (state, "export:1"))
    assert schema.migrate(connection) == 0
    connection.close()


def test_file_itself_refuses_a_second_unfinished_job(database):
    with database.transaction() as connection:
        connection.execute(INSERT, ("running", "export"))
    for state in ("queued", "running"):
        with pytest.raises(sqlite3.IntegrityError), database.transaction() as connection:
            connection.execute(INSERT, (state, "export"))
