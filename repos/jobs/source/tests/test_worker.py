"""Running handlers."""

from __future__ import annotations

import pytest

from jobqueue import AbortJob, JobState, Outcome, Worker


@pytest.fixture
def worker(store, handlers):
    return Worker(store, handlers, name="w1")


def test_result_of_the_handler_is_stored(store, worker):
    job = store.enqueue("echo", {"n": 1})
    assert worker.run_once() is Outcome.DONE
    assert store.get(job.id).result == {"n": 1}


def test_failed_attempt_is_retried(store, worker):
    job = store.enqueue("broken")
    assert worker.run_once() is Outcome.RETRIED
    assert store.get(job.id).last_error == "RuntimeError: out of order"


def test_gives_up_after_the_last_attempt(store, worker, clock):
    job = store.enqueue("broken", max_attempts=3)
    outcomes = []
    while (outcome := worker.run_once()) is not None:
        outcomes.append(outcome)
        clock.advance(60)
    assert outcomes == [Outcome.RETRIED, Outcome.RETRIED, Outcome.DEAD]
    assert store.get(job.id).attempts == 3


def test_abort_gives_up_at_once(store, worker, handlers):
    @handlers.task("hopeless")
    def hopeless(context):
        raise AbortJob("account is closed")

    job = store.enqueue("hopeless")
    assert worker.run_once() is Outcome.DEAD
    assert store.get(job.id).last_error == "AbortJob: account is closed"


def test_result_that_cannot_be_stored_is_a_failure(store, worker, handlers):
    handlers.task("odd")(lambda context: {1, 2})
    job = store.enqueue("odd")
    assert worker.run_once() is Outcome.RETRIED
    assert store.get(job.id).last_error.startswith("EncodingError: ")


def test_lost_lease_before_success(store, worker, handlers, clock):
    @handlers.task("slow")
    def slow(context):
        clock.advance(61)
        store.release_expired()

    job = store.enqueue("slow")
    assert worker.run_once() is Outcome.LOST
    assert store.get(job.id).state is JobState.QUEUED


def test_heartbeat_keeps_the_lease(store, worker, handlers, clock):
    @handlers.task("long")
    def long(context):
        for _ in range(5):
            clock.advance(50)
            context.heartbeat()
            store.release_expired()

    store.enqueue("long")
    assert worker.run_once() is Outcome.DONE


def test_handler_sees_the_result_of_the_parent(store, worker, handlers):
    handlers.task("sum")(lambda context: sum(context.parent_result))
    parent = store.enqueue("echo", [1, 2, 3])
    child = store.enqueue("sum", after=parent.id)
    assert worker.run_until_idle()[Outcome.DONE] == 2
    assert store.get(child.id).result == 6


def test_run_until_idle_counts_outcomes(store, worker):
    store.enqueue("echo")
    store.enqueue("broken")
    store.enqueue("echo")
    assert worker.run_until_idle() == {Outcome.DONE: 2, Outcome.RETRIED: 1}
