"""How often a job is tried in all."""

from __future__ import annotations

import pytest

from jobqueue import JobState, Outcome, RetryPolicy, Worker


def run_out(store, clock):
    """Let every attempt fail; returns the states after each."""
    states = []
    while (claim := store.claim("w")) is not None:
        states.append(store.fail(claim.lease, "boom"))
        clock.advance(60)
    return states


def test_a_single_attempt_is_not_repeated(store, handlers, clock):
    job = store.enqueue("broken", max_attempts=1)
    worker = Worker(store, handlers, name="w1")
    assert worker.run_once() is Outcome.DEAD
    clock.advance(3_600)
    assert worker.run_once() is None
    assert store.get(job.id).attempts == 1


def test_lease_that_expires_on_the_last_attempt(store, clock):
    job = store.enqueue("echo", max_attempts=2)
    states = []
    for _ in range(2):
        store.claim("w", lease=30.0)
        clock.advance(30)
        (released,) = store.release_expired()
        states.append(released.state)
        clock.advance(60)
    assert states == [JobState.QUEUED, JobState.DEAD]
    assert store.claim("w") is None
    assert store.get(job.id).finished_at is not None


def test_default_number_of_attempts(store, clock):
    store.enqueue("echo")
    assert run_out(store, clock) == [JobState.QUEUED, JobState.QUEUED, JobState.DEAD]


def test_revived_job_gets_the_same_number_again(store, clock):
    job = store.enqueue("echo", max_attempts=2)
    run_out(store, clock)
    store.revive(job.id)
    assert run_out(store, clock) == [JobState.QUEUED, JobState.DEAD]


def test_policy_ends_with_the_last_attempt():
    policy = RetryPolicy(base=5.0, factor=2.0)
    assert policy.next_run(4, 4, now=100.0) is None
    assert policy.next_run(1, 1, now=100.0) is None


@pytest.mark.parametrize(("attempts", "expected"), [(1, 105.0), (2, 110.0), (3, 120.0)])
def test_policy_goes_on_before_that(attempts, expected):
    assert RetryPolicy(base=5.0, factor=2.0).next_run(attempts, 4, now=100.0) == expected


def test_success_on_the_last_attempt_counts(store, clock):
    store.enqueue("echo", max_attempts=2)
    store.fail(store.claim("w").lease, "boom")
    clock.advance(60)
    claim = store.claim("w")
    store.complete(claim.lease, "fine")
    assert store.get(claim.job.id).state is JobState.DONE
