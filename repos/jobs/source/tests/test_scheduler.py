"""Periodic jobs."""

from __future__ import annotations

import pytest

from jobqueue import ScheduleError, Scheduler


@pytest.fixture
def scheduler(store):
    return Scheduler(store)


def run_all(store):
    while (claim := store.claim("w")) is not None:
        store.complete(claim.lease)


def test_first_job_comes_at_once(scheduler, store):
    scheduler.every(60, "cleanup", "purge", {"days": 3}, priority=2)
    (job,) = scheduler.tick()
    assert (job.task, job.payload, job.priority) == ("purge", {"days": 3}, 2)
    assert scheduler.tick() == []


def test_grid_does_not_drift(scheduler, store, clock):
    start = clock.now()
    scheduler.every(60, "cleanup", "purge")
    for _ in range(3):
        clock.advance(67)
        scheduler.tick()
        run_all(store)
    (schedule,) = scheduler.schedules()
    assert schedule.next_run_at == start + 240


def test_missed_slots_are_skipped(scheduler, clock):
    start = clock.now()
    scheduler.every(60, "cleanup", "purge")
    clock.advance(1_000)
    assert len(scheduler.tick()) == 1
    assert scheduler.schedules()[0].next_run_at == start + 1_020


def test_no_second_job_while_one_is_unfinished(scheduler, store, clock):
    scheduler.every(60, "cleanup", "purge")
    (first,) = scheduler.tick()
    clock.advance(60)
    (again,) = scheduler.tick()
    assert again.id == first.id
    assert len(store.find()) == 1


def test_replace_and_remove(scheduler):
    scheduler.every(60, "cleanup", "purge")
    scheduler.every(30, "cleanup", "purge", queue="slow")
    (schedule,) = scheduler.schedules()
    assert (schedule.interval, schedule.queue) == (30, "slow")
    scheduler.remove("cleanup")
    assert scheduler.schedules() == []
    with pytest.raises(ScheduleError):
        scheduler.remove("cleanup")
