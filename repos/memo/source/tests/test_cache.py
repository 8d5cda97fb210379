import pytest

from memo import Cache, ConfigurationError


def test_value_is_found_again(cache):
    assert cache.put("a", 1)
    assert cache.get("a") == 1
    assert "a" in cache
    assert len(cache) == 1


def test_missing_key_gives_the_default(cache):
    assert cache.get("a") is None
    assert cache.get("a", "none") == "none"


def test_none_is_a_value(cache):
    cache.put("a", None)
    assert cache.get("a", "default") is None
    assert cache.get_or_load("a", lambda: 1 / 0) is None


def test_newer_value_replaces_the_older(cache):
    cache.put("a", 1)
    cache.put("a", 2)
    assert cache.get("a") == 2
    assert len(cache) == 1


def test_invalidate(cache):
    cache.put("a", 1)
    assert cache.invalidate("a")
    assert not cache.invalidate("a")
    assert "a" not in cache


def test_invalidate_where(cache):
    for number in range(6):
        cache.put(number, str(number))
    assert cache.invalidate_where(lambda key: key % 2 == 0) == 3
    assert cache.keys() == [1, 3, 5]


def test_clear(cache):
    cache.put("a", 1, tags=["t"])
    cache.put("b", 2)
    assert cache.clear() == 2
    assert len(cache) == cache.size == 0
    assert cache.invalidate_tag("t") == 0


def test_listener_hears_what_happens(clock):
    events = []
    cache = Cache(max_entries=2, clock=clock, listener=lambda event, key: events.append((event, key)))
    cache.get("a")
    cache.put("a", 1, ttl=5)
    cache.get("a")
    clock.advance(6)
    cache.get("a")
    cache.put("b", 1)
    cache.put("c", 1)
    cache.put("d", 1)
    cache.invalidate("d")
    assert events == [
        ("miss", "a"),
        ("store", "a"),
        ("hit", "a"),
        ("expire", "a"),
        ("miss", "a"),
        ("store", "b"),
        ("store", "c"),
        ("store", "d"),
        ("evict", "b"),
        ("drop", "d"),
    ]


def test_listener_may_use_the_cache(clock):
    seen = []
    cache = Cache(clock=clock, listener=lambda event, key: seen.append(key in cache))
    cache.put("a", 1)
    cache.get("a")
    assert seen == [True, True]


@pytest.mark.parametrize("options", [{"max_entries": 0}, {"max_size": 0}, {"default_ttl": -1}])
def test_senseless_bounds_are_refused(options):
    with pytest.raises(ConfigurationError):
        Cache(**options)


@pytest.mark.parametrize("ttl", [-0.5, float("nan"), float("inf")])
def test_senseless_ttl_is_refused(cache, ttl):
    with pytest.raises(ConfigurationError, match="time to live"):
        cache.put("a", 1, ttl=ttl)
    assert "a" not in cache
