"""The time of loaded values, and the end that every entry has."""

from __future__ import annotations

import threading

import pytest

from memo import Cache, Namespace, memoize


@pytest.fixture
def slow(clock):
    """Make loaders that take some seconds."""

    def make(seconds, value="value"):
        def load():
            clock.advance(seconds)
            return value

        return load

    return make


def test_time_begins_when_the_value_is_stored(cache, clock, slow):
    assert cache.get_or_load("a", slow(50), ttl=60) == "value"
    assert cache.remaining("a") == 60
    clock.advance(59)
    assert cache.get("a") == "value"
    clock.advance(1)
    assert cache.get("a") is None


def test_loader_that_takes_longer_than_the_ttl(cache, clock, slow):
    assert cache.get_or_load("a", slow(90, "first"), ttl=60) == "first"
    clock.advance(30)
    assert cache.get_or_load("a", slow(90, "second"), ttl=60) == "first"
    assert (cache.stats.loads, cache.stats.hits, cache.stats.expirations) == (1, 1, 0)


def test_default_ttl_of_loaded_values(clock, slow):
    cache = Cache(default_ttl=10, clock=clock)
    cache.get_or_load("a", slow(8))
    cache.get_or_load("forever", slow(8), ttl=None)
    assert (cache.remaining("a"), cache.remaining("forever")) == (2, None)
    cache.get_or_load("b", slow(1))
    assert cache.keys() == ["a", "forever", "b"]


def test_memoized_functions_that_take_long(cache, clock):
    calls = []

    @memoize(cache, ttl=60)
    def price(item):
        clock.advance(50)
        calls.append(item)
        return len(calls)

    assert price("pen") == 1
    clock.advance(59)
    assert price("pen") == 1
    clock.advance(1)
    assert price("pen") == 2
    assert price.refresh("pen") == 3
    assert cache.remaining(price.key_for("pen")) == 60


def test_values_of_a_namespace(cache, clock, slow):
    prices = Namespace(cache, "prices")
    prices.get_or_load("pen", slow(50), ttl=60)
    clock.advance(20)
    assert prices.get("pen") == "value"


def test_room_is_made_by_what_expired_during_the_load(clock, slow):
    cache = Cache(max_entries=2, clock=clock)
    cache.put("old", 1)
    cache.put("brief", 2, ttl=5)
    cache.get_or_load("new", slow(6))
    assert cache.keys() == ["old", "new"]
    assert (cache.stats.evictions, cache.stats.expirations) == (0, 1)


def test_late_thread_gets_no_expired_value(clock, in_thread):
    missed, go_on = threading.Event(), threading.Event()

    def listener(event, key):
        if event == "miss" and not missed.is_set():
            missed.set()
            go_on.wait(10.0)

    cache = Cache(clock=clock, listener=listener)
    late = in_thread(lambda: cache.get_or_load("a", lambda: "fresh", ttl=60))
    assert missed.wait(10.0)
    assert cache.get_or_load("a", lambda: "stale", ttl=60) == "stale"
    clock.advance(60)
    go_on.set()
    assert late.result(10.0) == "fresh"


def test_loaded_values_end_like_others(cache, clock, slow):
    cache.get_or_load("loaded", slow(30), ttl=60)
    cache.put("put", 1, ttl=60)
    clock.advance(59.5)
    assert cache.keys() == ["loaded", "put"]
    clock.advance(0.5)
    assert cache.keys() == []
    assert cache.purge() == 2


def test_end_of_an_entry_is_what_the_readme_says(cache, clock):
    cache.put("a", 1, ttl=60)
    clock.advance(60)
    assert "a" not in cache
    assert cache.keys() == []
    assert cache.remaining("a") == 0
    assert cache.get("a", "gone") == "gone"


def test_value_is_loaded_anew_at_the_end(cache, clock):
    cache.put("a", "old", ttl=60)
    clock.advance(60)
    assert cache.get_or_load("a", lambda: "new", ttl=60) == "new"


def test_memoized_result_is_gone_at_the_end(cache, clock):
    calls = []
    counted = memoize(cache, ttl=60)(lambda: calls.append(1) or len(calls))
    assert counted() == 1
    clock.advance(60)
    assert counted() == 2


def test_ttl_of_zero_is_never_served(cache, slow):
    cache.put("a", 1, ttl=0)
    assert cache.get("a") is None
    assert cache.get_or_load("a", slow(0, "first"), ttl=0) == "first"
    assert cache.get_or_load("a", slow(0, "second"), ttl=0) == "second"


def test_loaders_that_take_no_time(cache, clock, slow):
    cache.get_or_load("a", slow(0), ttl=10)
    clock.advance(9)
    assert cache.get_or_load("a", slow(0, "other"), ttl=10) == "value"
    clock.advance(1)
    assert cache.get_or_load("a", slow(0, "other"), ttl=10) == "other"
