from memo import Cache, ManualClock, Namespace, memoize


def test_key_is_not_listed_at_the_end(cache, clock):
    cache.put("a", 1, ttl=10)
    cache.put("b", 2, ttl=11)
    clock.advance(10)
    assert "a" not in cache
    assert cache.keys() == ["b"]


def test_purge_at_the_end(cache, clock):
    cache.put("a", 1, ttl=10)
    cache.put("b", 2, ttl=10)
    cache.put("c", 3, ttl=20)
    clock.advance(10)
    assert cache.purge() == 2
    assert cache.size == 1
    assert cache.stats.expirations == 2


def test_value_is_loaded_anew_at_the_end(cache, clock):
    values = iter([1, 2, 3])
    users = Namespace(cache, "users")
    seen = []
    for _ in range(3):
        seen.append(users.get_or_load("a", lambda: next(values), ttl=2.5))
        clock.advance(2.5)
    assert seen == [1, 2, 3]


def test_memoized_result_on_a_tick(cache, clock):
    @memoize(cache, ttl=60)
    def tick():
        return clock.now()

    for minute in range(4):
        assert tick() == 60 * minute
        clock.advance(60)


def test_default_ttl_ends_as_well():
    clock = ManualClock(1000)
    cache = Cache(default_ttl=30, clock=clock)
    cache.put("a", 1)
    clock.advance(30)
    assert cache.get("a", "gone") == "gone"
    assert len(cache) == 0


def test_entry_at_its_end_goes_before_live_ones(clock):
    cache = Cache(max_entries=2, clock=clock)
    cache.put("old", 1)
    cache.put("brief", 2, ttl=5)
    clock.advance(5)
    cache.put("new", 3)
    assert cache.keys() == ["old", "new"]
    assert (cache.stats.expirations, cache.stats.evictions) == (1, 0)


def test_ttl_of_zero_is_never_served(cache):
    cache.put("a", 1, ttl=0)
    assert "a" not in cache
    assert cache.get("a") is None
    assert [cache.get_or_load("a", lambda value=value: value, ttl=0) for value in (1, 2)] == [1, 2]


def test_entry_is_served_up_to_the_end(cache, clock):
    cache.put("a", 1, ttl=10)
    cache.put("forever", 2, ttl=None)
    clock.advance(9.75)
    assert cache.get("a") == 1
    assert cache.remaining("a") == 0.25
    clock.advance(1e9)
    assert cache.keys() == ["forever"]
    assert cache.get("forever") == 2


def test_entry_is_served_in_the_moment_it_is_stored(cache):
    cache.put("a", 1, ttl=0.5)
    assert cache.get("a") == 1
    assert cache.purge() == 0
