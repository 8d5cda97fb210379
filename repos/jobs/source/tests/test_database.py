"""The pool, transactions and migrations."""

from __future__ import annotations

import sqlite3

import pytest

from jobqueue import ConnectionPool, DatabaseBusyError, PoolExhaustedError, schema


@pytest.fixture
def pool(tmp_path):
    pool = ConnectionPool(tmp_path / "pool.sqlite3", size=2, busy_timeout=0.0, durable=False)
    yield pool
    pool.close()


def test_pool_lends_at_most_its_size(pool):
    pool.acquire()
    pool.acquire()
    with pytest.raises(PoolExhaustedError):
        pool.acquire()
    assert pool.in_use == 2


def test_transaction_commits(database, store):
    with database.transaction() as connection:
        job = store.insert(connection, "echo")
    assert store.get(job.id).task == "echo"
    assert database.pool.in_use == 0


def test_transaction_rolls_back_on_an_error(database, store):
    with pytest.raises(RuntimeError), database.transaction() as connection:
        store.insert(connection, "echo")
        raise RuntimeError
    assert store.find() == []
    assert database.pool.in_use == 0


def test_a_locked_database_is_reported(tmp_path, store):
    other = sqlite3.connect(tmp_path / "jobs.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusyError):
        store.enqueue("echo")
    other.close()
    assert store.find() == []


def test_older_files_are_migrated():
    connection = sqlite3.connect(":memory:")
    for statement in schema._MIGRATIONS[0]:
        connection.execute(statement)
    connection.execute("PRAGMA user_version = 1")
    assert schema.migrate(connection) == schema.VERSION - 1
    assert schema.migrate(connection) == 0
    connection.close()
