"""Fixtures: a database in a temporary folder and a clock that is moved by hand."""

from __future__ import annotations

import pytest

from jobqueue import Database, HandlerRegistry, JobStore, ManualClock, RetryPolicy


@pytest.fixture
def clock():
    return ManualClock(1_000.0)


@pytest.fixture
def database(tmp_path):
    with Database(tmp_path / "jobs.sqlite3", busy_timeout=0.0, durable=False) as database:
        yield database


@pytest.fixture
def store(database, clock):
    return JobStore(database, clock=clock, retry=RetryPolicy(base=10.0, factor=2.0, cap=60.0, max_attempts=3))


@pytest.fixture
def handlers():
    registry = HandlerRegistry()

    @registry.task("echo")
    def echo(context):
        return context.payload

    @registry.task("broken")
    def broken(context):
        raise RuntimeError("out of order")

    return registry
