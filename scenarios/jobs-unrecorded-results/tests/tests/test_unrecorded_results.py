"""What happens when the end of a job cannot be recorded."""

from __future__ import annotations

import pytest

from jobqueue import EncodingError, JobState, Outcome, Worker


@pytest.fixture
def worker(store, handlers):
    handlers.task("odd")(lambda context: {1, 2})
    return Worker(store, handlers, name="w1")


@pytest.mark.parametrize("result", [{1, 2}, float("nan"), {"rows": [object()]}], ids=["set", "nan", "object"])
def test_store_refuses_results_that_are_not_json(store, result):
    store.enqueue("echo")
    claim = store.claim("w")
    with pytest.raises(EncodingError):
        store.complete(claim.lease, result)
    job = store.get(claim.job.id)
    assert (job.state, job.worker, job.finished_at) == (JobState.RUNNING, "w", None)
    store.complete(claim.lease, "better")
    assert store.get(claim.job.id).result == "better"


def test_attempt_is_retried(store, worker, clock):
    job = store.enqueue("odd")
    assert worker.run_once() is Outcome.RETRIED
    job = store.get(job.id)
    assert (job.state, job.run_at, job.result) == (JobState.QUEUED, clock.now() + 10.0, None)
    assert job.last_error.startswith("EncodingError: ")
    assert [failure.attempt for failure in store.failures(job.id)] == [1]


def test_attempts_run_out(store, worker, clock):
    job = store.enqueue("odd", max_attempts=2)
    assert worker.run_once() is Outcome.RETRIED
    clock.advance(10)
    assert worker.run_once() is Outcome.DEAD
    assert [dead.id for dead in store.dead_letters()] == [job.id]


def test_good_result_of_a_later_attempt_counts(store, handlers, worker, clock):
    results = iter([object(), "fine"])
    handlers.task("moody")(lambda context: next(results))
    job = store.enqueue("moody")
    assert worker.run_once() is Outcome.RETRIED
    clock.advance(10)
    assert worker.run_once() is Outcome.DONE
    assert store.get(job.id).result == "fine"


def test_follow_up_is_not_started(store, worker):
    job = store.enqueue("odd", max_attempts=1)
    child = store.enqueue("echo", after=job.id)
    assert worker.run_until_idle() == {Outcome.DEAD: 1}
    assert store.get(child.id).attempts == 0


def test_lost_lease_is_reported(store, handlers, worker, clock):
    @handlers.task("slow")
    def slow(context):
        clock.advance(61)
        store.release_expired()
        return "late"

    job = store.enqueue("slow")
    assert worker.run_once() is Outcome.LOST
    job = store.get(job.id)
    assert (job.state, job.result, job.last_error) == (JobState.QUEUED, None, "lease of w1 expired")
    assert len(store.failures(job.id)) == 1


def test_other_worker_decides(store, handlers, worker, clock):
    @handlers.task("slow")
    def slow(context):
        clock.advance(61)
        store.release_expired()
        clock.advance(10)
        store.complete(store.claim("w2").lease, "from the other")
        return "late"

    job = store.enqueue("slow")
    assert worker.run_once() is Outcome.LOST
    job = store.get(job.id)
    assert (job.state, job.result) == (JobState.DONE, "from the other")


def test_lost_lease_before_a_failure(store, handlers, worker, clock):
    @handlers.task("slow")
    def slow(context):
        clock.advance(61)
        store.release_expired()
        raise RuntimeError("too late")

    job = store.enqueue("slow")
    assert worker.run_once() is Outcome.LOST
    assert len(store.failures(job.id)) == 1


def test_outcomes_are_counted(store, worker):
    store.enqueue("echo", "fine")
    store.enqueue("odd")
    store.enqueue("odd", max_attempts=1)
    assert worker.run_until_idle() == {Outcome.DONE: 1, Outcome.RETRIED: 1, Outcome.DEAD: 1}


@pytest.mark.parametrize("value", [None, 0, "", [], {"a": [1, None]}])
def test_ordinary_results_are_kept(store, worker, value):
    job = store.enqueue("echo", value)
    assert worker.run_once() is Outcome.DONE
    assert store.get(job.id).result == value
