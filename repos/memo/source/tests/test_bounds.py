import pytest

from memo import Cache, ConfigurationError, by_length, in_bytes


def test_least_recently_used_entry_goes_first(clock):
    cache = Cache(max_entries=3, clock=clock)
    for key in "abc":
        cache.put(key, key)
    cache.get("a")
    cache.put("d", "d")
    assert cache.keys() == ["c", "a", "d"]
    assert cache.stats.evictions == 1


def test_asking_whether_a_key_is_there_is_no_use(clock):
    cache = Cache(max_entries=2, clock=clock)
    cache.put("a", 1)
    cache.put("b", 2)
    assert "a" in cache
    cache.put("c", 3)
    assert cache.keys() == ["b", "c"]


def test_expired_entries_go_before_live_ones(clock):
    cache = Cache(max_entries=2, clock=clock)
    cache.put("old", 1)
    cache.put("brief", 2, ttl=5)
    clock.advance(6)
    cache.put("new", 3)
    assert cache.keys() == ["old", "new"]
    assert cache.stats.evictions == 0


def test_sizes_are_accounted_for(clock):
    cache = Cache(max_size=10, sizer=by_length, clock=clock)
    cache.put("a", "xxxx")
    cache.put("b", "yyyy")
    assert cache.size == 8
    cache.put("a", "x")
    assert cache.size == 5
    cache.invalidate("b")
    assert cache.size == 1


def test_as_many_entries_go_as_need_be(clock):
    cache = Cache(max_size=10, sizer=by_length, clock=clock)
    for key in "abc":
        cache.put(key, "xxx")
    cache.put("d", "xxxxxx")
    assert cache.keys() == ["c", "d"]
    assert cache.size == 9


def test_value_beyond_the_bound_is_not_kept(clock):
    cache = Cache(max_size=5, sizer=by_length, clock=clock)
    cache.put("a", "xx")
    assert not cache.put("a", "xxxxxx")
    assert len(cache) == 0
    assert cache.stats.rejections == 1
    assert cache.get_or_load("b", lambda: "y" * 9) == "y" * 9
    assert "b" not in cache


def test_empty_values_have_a_size():
    assert by_length("") == 1
    assert by_length([1, 2]) == 2


def test_bytes_of_nested_values():
    shared = "x" * 1000
    assert in_bytes([shared, shared]) < in_bytes([shared, "y" * 1000])
    assert in_bytes({"a": [1, 2, 3]}) > in_bytes({"a": []})


def test_negative_size_is_refused(clock):
    cache = Cache(sizer=lambda value: -1, clock=clock)
    with pytest.raises(ConfigurationError, match="negative"):
        cache.put("a", 1)
