import threading
import time

import pytest

from memo import Cache, memoize


def wait_until(condition, timeout=1.5):
    deadline = time.monotonic() + timeout
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.002)


class FirstMiss:
    """A listener that holds up the first thread that misses."""

    def __init__(self):
        self.events = []
        self.reached = threading.Event()
        self.release = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, event, key):
        with self._lock:
            self.events.append(event)
            first = event == "miss" and not self.reached.is_set()
            if first:
                self.reached.set()
        if first:
            self.release.wait(1.0)


class Loader:
    def __init__(self):
        self.calls = 0
        self.release = threading.Event()
        self._lock = threading.Lock()

    def __call__(self):
        with self._lock:
            self.calls += 1
            value = [self.calls]
        self.release.wait(1.0)
        return value


@pytest.fixture
def loader():
    loader = Loader()
    loader.release.set()
    return loader


def test_thread_held_up_after_its_miss(clock, in_thread, loader):
    hold = FirstMiss()
    cache = Cache(clock=clock, listener=hold)
    late = in_thread(cache.get_or_load, "a", loader)
    assert hold.reached.wait(1.5)
    assert in_thread(cache.get_or_load, "a", loader).result() == [1]
    hold.release.set()
    assert late.result() == [1]
    assert loader.calls == 1
    assert hold.events == ["miss", "miss", "store"]
    stats = cache.stats
    assert (stats.hits, stats.misses, stats.loads, stats.stores) == (0, 2, 1, 1)


def test_thread_held_up_after_an_expired_entry(clock, in_thread, loader):
    hold = FirstMiss()
    cache = Cache(clock=clock, default_ttl=5, listener=hold)
    cache.put("a", "old")
    clock.advance(6)
    late = in_thread(cache.get_or_load, "a", loader)
    assert hold.reached.wait(1.5)
    assert in_thread(cache.get_or_load, "a", loader).result() == [1]
    hold.release.set()
    assert late.result() == [1]
    assert loader.calls == 1


def test_memoized_call_held_up_after_its_miss(clock, in_thread):
    hold = FirstMiss()
    cache = Cache(clock=clock, listener=hold)
    calls = []

    @memoize(cache, tags=["t"])
    def square(number):
        calls.append(number)
        return number * number

    late = in_thread(square, 3)
    assert hold.reached.wait(1.5)
    assert in_thread(square, 3).result() == 9
    hold.release.set()
    assert late.result() == 9
    assert calls == [3]
    assert cache.invalidate_tag("t") == 1


def test_thread_that_comes_while_the_value_is_measured(clock, in_thread, loader):
    measuring = threading.Event()
    second_done = threading.Event()

    def sizer(value):
        if not measuring.is_set():
            measuring.set()
            wait_until(lambda: second_done.is_set() or cache.waiting("a"), 1.0)
        return 1

    cache = Cache(clock=clock, sizer=sizer)
    first = in_thread(cache.get_or_load, "a", loader)
    assert measuring.wait(1.5)
    second = in_thread(cache.get_or_load, "a", loader)
    assert second.result() == [1]
    second_done.set()
    assert first.result() == [1]
    assert loader.calls == 1


def test_shared_load_is_stored_once(clock, in_thread):
    events = []
    cache = Cache(clock=clock, listener=lambda event, key: events.append(event))
    loader = Loader()
    tasks = [in_thread(cache.get_or_load, "a", loader) for _ in range(4)]
    wait_until(lambda: events.count("miss") == 4 and cache.waiting("a") == 3, 0.8)
    loader.release.set()
    assert [task.result() for task in tasks] == [[1]] * 4
    assert loader.calls == 1
    assert events.count("store") == cache.stats.stores == 1


def test_invalidated_value_does_not_come_back(clock, in_thread):
    measured = threading.Event()
    invalidated = threading.Event()

    def sizer(value):
        if measured.is_set():
            invalidated.wait(1.0)
        measured.set()
        return 1

    cache = Cache(clock=clock, sizer=sizer)
    loader = Loader()
    tasks = [in_thread(cache.get_or_load, "a", loader) for _ in range(2)]
    wait_until(lambda: cache.waiting("a") == 1, 0.8)
    loader.release.set()
    wait_until(lambda: cache.stats.stores >= 1)
    assert cache.invalidate("a")
    invalidated.set()
    assert [task.result() for task in tasks] == [[1], [1]]
    assert "a" not in cache


def test_dropped_entry_is_loaded_anew(clock, in_thread, loader):
    hold = FirstMiss()
    cache = Cache(clock=clock, listener=hold)
    late = in_thread(cache.get_or_load, "a", loader)
    assert hold.reached.wait(1.5)
    assert in_thread(cache.get_or_load, "a", loader).result() == [1]
    assert cache.invalidate("a")
    hold.release.set()
    assert late.result() == [2]
    assert cache.get("a") == [2]


def test_thread_held_up_during_a_failure_loads_itself(clock, in_thread):
    hold = FirstMiss()
    cache = Cache(clock=clock, listener=hold)
    late = in_thread(cache.get_or_load, "a", lambda: "value")
    assert hold.reached.wait(1.5)
    with pytest.raises(ZeroDivisionError):
        in_thread(cache.get_or_load, "a", lambda: 1 / 0).result()
    hold.release.set()
    assert late.result() == "value"
    assert cache.get("a") == "value"


def test_loaders_of_different_keys_run_side_by_side(cache, in_thread):
    barrier = threading.Barrier(2)

    def load():
        barrier.wait(1.5)
        return "met"

    tasks = [in_thread(cache.get_or_load, key, load) for key in "ab"]
    assert [task.result() for task in tasks] == ["met", "met"]


def test_loader_and_sizer_may_use_the_cache(clock, in_thread):
    cache = Cache(clock=clock, sizer=lambda value: 1 + len(cache))

    def load():
        cache.put("c", 3)
        return cache.get_or_load("b", lambda: 2) + cache.get("c")

    assert in_thread(cache.get_or_load, "a", load).result() == 5
    assert set(cache.keys()) == {"a", "b", "c"}
