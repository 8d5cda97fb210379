"""Figures about the queues."""

from __future__ import annotations

from jobqueue import JobState, collect_stats


def test_counts_by_queue_and_state(store, clock):
    store.enqueue("echo", queue="mail")
    store.enqueue("echo")
    store.enqueue("echo", run_at=clock.now() + 10)
    store.claim("w")
    default, mail = collect_stats(store)
    assert (default.queue, mail.queue) == ("default", "mail")
    assert default.counts == {JobState.QUEUED: 1, JobState.RUNNING: 1, JobState.DONE: 0, JobState.DEAD: 0}
    assert (default.due, mail.due) == (0, 1)


def test_oldest_wait(store, clock):
    store.enqueue("echo")
    clock.advance(20)
    store.enqueue("echo")
    clock.advance(5)
    (stats,) = collect_stats(store)
    assert (stats.due, stats.oldest_wait) == (2, 25.0)


def test_recent_jobs_and_their_mean_time(store, clock):
    for seconds in (500, 4, 6):
        store.enqueue("echo")
        claim = store.claim("w")
        clock.advance(seconds)
        store.complete(claim.lease)
        clock.advance(10)
    (stats,) = collect_stats(store, window=30)
    assert (stats.finished_recently, stats.mean_seconds) == (2, 5.0)
