"""Adding, claiming and finishing jobs."""

from __future__ import annotations

import pytest

from jobqueue import EncodingError, JobState, JobStateError, LeaseLostError


def claimed_ids(store, **options):
    ids = []
    while (claim := store.claim("w", **options)) is not None:
        ids.append(claim.job.id)
    return ids


def test_payloads_must_be_json(store):
    with pytest.raises(EncodingError):
        store.enqueue("echo", {"when": object()})
    assert store.find() == []


def test_higher_priority_first(store):
    low = store.enqueue("echo", priority=-1)
    normal = store.enqueue("echo")
    high = store.enqueue("echo", priority=9)
    assert claimed_ids(store) == [high.id, normal.id, low.id]


def test_earlier_run_at_first_then_arrival(store, clock):
    second = store.enqueue("echo", run_at=clock.now() - 1)
    third = store.enqueue("echo", run_at=clock.now() - 1)
    first = store.enqueue("echo", run_at=clock.now() - 2)
    assert claimed_ids(store) == [first.id, second.id, third.id]


def test_future_jobs_wait(store, clock):
    job = store.enqueue("echo", run_at=clock.now() + 30, priority=100)
    assert store.claim("w") is None
    clock.advance(30)
    assert store.claim("w").job.id == job.id


def test_complete_stores_the_result(store, clock):
    store.enqueue("echo")
    claim = store.claim("w")
    clock.advance(3)
    store.complete(claim.lease, {"rows": 12})
    job = store.get(claim.job.id)
    assert (job.state, job.result, job.finished_at) == (JobState.DONE, {"rows": 12}, clock.now())


def test_results_must_be_json(store):
    store.enqueue("echo")
    claim = store.claim("w")
    with pytest.raises(EncodingError):
        store.complete(claim.lease, {"rows": {1, 2}})
    assert store.get(claim.job.id).state is JobState.RUNNING


def test_fail_queues_again_after_the_delay(store, clock):
    store.enqueue("echo")
    claim = store.claim("w")
    assert store.fail(claim.lease, "boom") is JobState.QUEUED
    job = store.get(claim.job.id)
    assert (job.run_at, job.last_error, job.worker) == (clock.now() + 10.0, "boom", None)
    clock.advance(9.5)
    assert store.claim("w") is None
    clock.advance(0.5)
    assert store.claim("w").job.attempts == 2


def test_the_last_failure_makes_a_dead_letter(store, clock):
    job = store.enqueue("echo", max_attempts=2)
    states = []
    for _ in range(2):
        states.append(store.fail(store.claim("w").lease, "boom"))
        clock.advance(60)
    assert states == [JobState.QUEUED, JobState.DEAD]
    assert [dead.id for dead in store.dead_letters()] == [job.id]
    assert [failure.attempt for failure in store.failures(job.id)] == [1, 2]


def test_heartbeat_prolongs_the_lease(store, clock):
    store.enqueue("echo")
    claim = store.claim("w", lease=60.0)
    clock.advance(50)
    renewed = store.heartbeat(claim.lease, extend=60.0)
    assert renewed.expires_at == clock.now() + 60.0
    clock.advance(50)
    assert store.release_expired() == []
    store.complete(renewed)


def test_expired_leases_are_released(store, clock):
    store.enqueue("echo")
    claim = store.claim("w7", lease=60.0)
    clock.advance(60)
    (released,) = store.release_expired()
    assert (released.state, released.last_error) == (JobState.QUEUED, "lease of w7 expired")
    with pytest.raises(LeaseLostError):
        store.heartbeat(claim.lease)
    with pytest.raises(LeaseLostError):
        store.fail(claim.lease, "late")


def test_revive_starts_afresh(store):
    job = store.enqueue("echo", max_attempts=1)
    store.fail(store.claim("w").lease, "boom", final=True)
    revived = store.revive(job.id)
    assert (revived.state, revived.attempts, revived.finished_at) == (JobState.QUEUED, 0, None)
    with pytest.raises(JobStateError):
        store.revive(job.id)


def test_unique_key_returns_the_unfinished_job(store):
    first = store.enqueue("echo", unique_key="report")
    assert store.enqueue("echo", unique_key="report").id == first.id
    claim = store.claim("w")
    assert store.enqueue("echo", unique_key="report").id == first.id
    store.complete(claim.lease)
    assert store.enqueue("echo", unique_key="report").id != first.id


def test_find_by_prefix_state_and_queue(store):
    mail = store.enqueue("mail.send")
    other = store.enqueue("mail_merge", queue="bulk")
    store.enqueue("video")
    assert [job.id for job in store.find(task_prefix="mail")] == [other.id, mail.id]
    assert [job.id for job in store.find(task_prefix="mail", queue="bulk")] == [other.id]
    assert store.find(state=JobState.DONE) == []
    assert len(store.find(limit=2)) == 2
