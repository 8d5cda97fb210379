import pytest

from memo import ManualClock, MonotonicClock, Snapshot


def test_hits_and_misses(cache):
    cache.get("a")
    cache.put("a", 1)
    cache.get("a")
    cache.get_or_load("a", lambda: 2)
    cache.get_or_load("b", lambda: 2)
    stats = cache.stats
    assert (stats.hits, stats.misses, stats.loads, stats.stores) == (2, 2, 1, 2)
    assert stats.lookups == 4
    assert stats.hit_rate == 0.5


def test_hit_rate_before_the_first_lookup(cache):
    assert cache.stats.hit_rate == 0.0


def test_snapshots_do_not_move(cache):
    before = cache.stats
    cache.put("a", 1)
    cache.invalidate("a")
    assert before == Snapshot()
    assert cache.stats.since(before) == Snapshot(stores=1, drops=1)


def test_reset(cache):
    cache.get("a")
    cache.reset_stats()
    assert cache.stats == Snapshot()


def test_clocks():
    clock = ManualClock(5)
    clock.advance(1.5)
    assert clock.now() == 6.5
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)
    system = MonotonicClock()
    assert system.now() <= system.now()
