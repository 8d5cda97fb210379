"""Jobs that wait for other jobs, and clean-up."""

from __future__ import annotations


def finish(store, result=None):
    claim = store.claim("w")
    store.complete(claim.lease, result)
    return claim.job


def test_follow_up_waits_for_its_parent(store):
    parent = store.enqueue("echo")
    child = store.enqueue("echo", after=parent.id, priority=50)
    claim = store.claim("w")
    assert claim.job.id == parent.id
    assert store.claim("w") is None
    store.complete(claim.lease)
    assert store.claim("w").job.id == child.id


def test_follow_up_sees_the_result(store):
    parent = store.enqueue("echo")
    store.enqueue("echo", after=parent.id)
    finish(store, result=[3, 4])
    assert store.parent_result(store.claim("w").job) == [3, 4]
    assert store.parent_result(parent) is None


def test_purge_deletes_what_is_old_enough(store, clock):
    store.enqueue("echo")
    finish(store)
    clock.advance(100)
    store.enqueue("echo")
    fresh = finish(store)
    assert store.purge(older_than=100) == 1
    assert [job.id for job in store.find()] == [fresh.id]


def test_purge_leaves_other_jobs_alone(store, clock):
    waiting = store.enqueue("echo", run_at=clock.now() + 5_000)
    store.enqueue("echo")
    finish(store)
    clock.advance(1_000)
    assert store.purge(older_than=60) == 1
    assert [job.id for job in store.find()] == [waiting.id]


def test_purge_keeps_what_a_follow_up_needs(store, clock):
    parent = store.enqueue("echo")
    child = store.enqueue("echo", after=parent.id, run_at=clock.now() + 5_000)
    finish(store)
    clock.advance(1_000)
    assert store.purge(older_than=60) == 0
    clock.advance(4_000)
    assert finish(store).id == child.id
    clock.advance(1_000)
    assert store.purge(older_than=60) == 2
    assert store.find() == []
