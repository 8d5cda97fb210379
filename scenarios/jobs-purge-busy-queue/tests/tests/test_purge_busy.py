"""Clean-up while there is other work in the queue."""

from __future__ import annotations


def finish(store):
    claim = store.claim("w")
    store.complete(claim.lease, "result")
    return claim.job.id


def ids(store):
    return sorted(job.id for job in store.find())


def test_a_waiting_job_does_not_stop_the_purge(store, clock):
    waiting = store.enqueue("echo", run_at=clock.now() + 5_000)
    for _ in range(3):
        store.enqueue("echo")
        finish(store)
    clock.advance(100)
    assert store.purge(older_than=60) == 3
    assert ids(store) == [waiting.id]


def test_a_running_job_does_not_stop_the_purge(store, clock):
    store.enqueue("echo")
    finish(store)
    running = store.enqueue("echo")
    store.claim("w")
    clock.advance(100)
    assert store.purge(older_than=60) == 1
    assert ids(store) == [running.id]


def test_a_dead_letter_does_not_stop_the_purge(store, clock):
    dead = store.enqueue("echo")
    store.fail(store.claim("w").lease, "boom", final=True)
    store.enqueue("echo")
    finish(store)
    clock.advance(100)
    assert store.purge(older_than=60) == 1
    assert ids(store) == [dead.id]


def test_only_what_a_follow_up_needs_is_kept(store, clock):
    parent = store.enqueue("echo", priority=2)
    finish(store)
    child = store.enqueue("echo", after=parent.id)
    assert store.claim("w").job.id == child.id
    store.enqueue("echo")
    finish(store)
    waiting = store.enqueue("echo", run_at=clock.now() + 5_000)
    clock.advance(100)
    assert store.purge(older_than=60) == 1
    assert ids(store) == [parent.id, child.id, waiting.id]
    assert store.parent_result(store.get(child.id)) == "result"


def test_parent_of_a_dead_follow_up_is_kept(store, clock):
    parent = store.enqueue("echo")
    finish(store)
    child = store.enqueue("echo", after=parent.id)
    store.fail(store.claim("w").lease, "boom", final=True)
    alone = store.enqueue("echo")
    store.fail(store.claim("w").lease, "boom", final=True)
    store.enqueue("echo")
    finish(store)
    clock.advance(100)
    assert store.purge(older_than=60) == 1
    assert ids(store) == [parent.id, child.id, alone.id]


def test_finished_chain_goes_while_others_wait(store, clock):
    parent = store.enqueue("echo")
    store.enqueue("echo", after=parent.id)
    finish(store)
    finish(store)
    waiting = store.enqueue("echo", run_at=clock.now() + 5_000)
    clock.advance(100)
    assert store.purge(older_than=60) == 2
    assert ids(store) == [waiting.id]


def test_fresh_jobs_stay(store, clock):
    store.enqueue("echo", run_at=clock.now() + 5_000)
    store.enqueue("echo")
    finish(store)
    clock.advance(59)
    assert store.purge(older_than=60) == 0


def test_follow_up_of_a_follow_up_keeps_its_own_parent_only(store, clock):
    first = store.enqueue("echo")
    second = store.enqueue("echo", after=first.id)
    third = store.enqueue("echo", after=second.id, run_at=clock.now() + 5_000)
    finish(store)
    finish(store)
    clock.advance(100)
    assert store.purge(older_than=60) == 1
    assert ids(store) == [second.id, third.id]
