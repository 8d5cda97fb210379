"""The pool while another process holds the write lock, and afterwards."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager

import pytest

from jobqueue import Database, DatabaseBusyError, JobStore, Outcome, PoolExhaustedError, Scheduler, Worker


@pytest.fixture
def path(tmp_path):
    return tmp_path / "small.sqlite3"


@pytest.fixture
def small(path):
    with Database(path, pool_size=2, busy_timeout=0.0, durable=False) as database:
        yield database


@pytest.fixture
def store(small, clock):
    return JobStore(small, clock=clock)


@contextmanager
def locked(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


CALLS = {
    "enqueue": lambda store: store.enqueue("echo"),
    "claim": lambda store: store.claim("w"),
    "release_expired": lambda store: store.release_expired(),
    "purge": lambda store: store.purge(older_than=0),
    "every": lambda store: Scheduler(store).every(60, "cleanup", "purge"),
}


@pytest.mark.parametrize("name", CALLS)
def test_locked_calls_do_not_use_up_the_pool(store, path, name):
    with locked(path):
        for _ in range(5):
            with pytest.raises(DatabaseBusyError):
                CALLS[name](store)
    CALLS[name](store)
    assert store.database.pool.in_use == 0


def test_nothing_is_in_use_after_a_locked_call(store, small, path):
    with locked(path), pytest.raises(DatabaseBusyError):
        store.enqueue("echo")
    assert small.pool.in_use == 0


def test_worker_recovers(store, handlers, path):
    job = store.enqueue("echo", "hello")
    worker = Worker(store, handlers, name="w1")
    with locked(path):
        for _ in range(3):
            with pytest.raises(DatabaseBusyError):
                worker.run_once()
    assert worker.run_once() is Outcome.DONE
    assert store.get(job.id).result == "hello"


def test_heartbeat_recovers(store, path, clock):
    store.enqueue("echo")
    lease = store.claim("w").lease
    with locked(path):
        for _ in range(3):
            with pytest.raises(DatabaseBusyError):
                store.heartbeat(lease)
    clock.advance(30)
    assert store.heartbeat(lease).expires_at == clock.now() + 60.0


def test_connection_is_used_again(store, small, path):
    connection = small.pool.acquire()
    small.pool.release(connection)
    with locked(path), pytest.raises(DatabaseBusyError):
        store.enqueue("echo")
    assert small.pool.acquire() is connection
    assert not connection.in_transaction
    small.pool.release(connection)


def test_full_pool_is_still_refused(store, small):
    with small.snapshot(), small.snapshot():
        with pytest.raises(PoolExhaustedError):
            store.enqueue("echo")
        assert small.pool.in_use == 2
    assert small.pool.in_use == 0


def test_errors_inside_roll_back_and_give_back(store, small):
    for _ in range(3):
        with pytest.raises(KeyError), small.transaction() as connection:
            store.insert(connection, "echo")
            raise KeyError("inside")
    assert small.pool.in_use == 0
    assert store.find() == []
