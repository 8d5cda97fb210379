from memo import Cache


def test_entry_is_served_until_its_time_is_up(cache, clock):
    cache.put("a", 1, ttl=10)
    clock.advance(9)
    assert cache.get("a") == 1
    clock.advance(2)
    assert cache.get("a") is None


def test_entry_is_gone_at_the_end_of_its_ttl(cache, clock):
    cache.put("a", 1, ttl=10)
    clock.advance(10)
    assert cache.get("a") is None
    assert cache.stats.expirations == 1


def test_default_ttl_and_exceptions_from_it(clock):
    cache = Cache(default_ttl=5, clock=clock)
    cache.put("short", 1)
    cache.put("long", 1, ttl=60)
    cache.put("forever", 1, ttl=None)
    clock.advance(30)
    assert cache.keys() == ["long", "forever"]


def test_storing_again_starts_over(cache, clock):
    cache.put("a", 1, ttl=10)
    clock.advance(8)
    cache.put("a", 2, ttl=10)
    clock.advance(8)
    assert cache.get("a") == 2


def test_reading_does_not_prolong(cache, clock):
    cache.put("a", 1, ttl=10)
    for _ in range(3):
        clock.advance(4)
        cache.get("a")
    assert "a" not in cache


def test_remaining(cache, clock):
    cache.put("a", 1, ttl=10)
    cache.put("b", 1)
    clock.advance(4)
    assert cache.remaining("a") == 6
    assert cache.remaining("b") is None
    assert cache.remaining("c") == 0
    clock.advance(20)
    assert cache.remaining("a") == 0


def test_purge_takes_out_expired_entries(cache, clock):
    cache.put("a", 1, ttl=5)
    cache.put("b", 1, ttl=50)
    clock.advance(6)
    assert len(cache) == 2
    assert cache.purge() == 1
    assert len(cache) == 1
    assert cache.stats.expirations == 1


def test_expired_entry_is_loaded_anew(cache, clock):
    values = iter([1, 2])
    assert cache.get_or_load("a", lambda: next(values), ttl=5) == 1
    clock.advance(6)
    assert cache.get_or_load("a", lambda: next(values), ttl=5) == 2
