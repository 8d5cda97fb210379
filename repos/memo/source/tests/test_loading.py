import threading
import time

import pytest

from memo import Cache, ReentrantLoad


def wait_until(condition, timeout=1.5):
    deadline = time.monotonic() + timeout
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.002)


class Source:
    """A loader that comes back when it is told to."""

    def __init__(self):
        self.calls = 0
        self.entered = threading.Event()
        self.release = threading.Event()
        self.error = None

    def __call__(self):
        self.calls += 1
        self.entered.set()
        self.release.wait(1.5)
        if self.error is not None:
            raise self.error
        return f"value {self.calls}"


def test_missing_value_is_loaded_and_kept(cache):
    assert cache.get_or_load("a", lambda: 1) == 1
    assert cache.get_or_load("a", lambda: 2) == 1
    assert cache.get("a") == 1


def test_threads_share_one_load(cache, in_thread):
    source = Source()
    tasks = [in_thread(cache.get_or_load, "a", source) for _ in range(4)]
    wait_until(lambda: cache.waiting("a") == 3)
    source.release.set()
    assert [task.result() for task in tasks] == ["value 1"] * 4
    assert source.calls == 1
    assert cache.stats.loads == 1
    assert cache.waiting("a") == 0


def test_threads_share_one_exception(cache, in_thread):
    source = Source()
    source.error = LookupError("no such thing")
    tasks = [in_thread(cache.get_or_load, "a", source) for _ in range(3)]
    wait_until(lambda: cache.waiting("a") == 2)
    source.release.set()
    for task in tasks:
        with pytest.raises(LookupError, match="no such thing"):
            task.result()
    assert source.calls == 1
    assert cache.stats.failures == 1


def test_exception_is_not_kept(cache):
    with pytest.raises(ZeroDivisionError):
        cache.get_or_load("a", lambda: 1 / 0)
    assert cache.get_or_load("a", lambda: 1) == 1


def test_thread_that_comes_late_does_not_load_again(clock, in_thread):
    first_done = threading.Event()
    first_miss = threading.Event()

    def listener(event, key):
        if event == "miss" and not first_miss.is_set():
            first_miss.set()
            first_done.wait(1.0)

    cache = Cache(clock=clock, listener=listener)
    source = Source()
    source.release.set()
    late = in_thread(cache.get_or_load, "a", source)
    assert first_miss.wait(1.0)
    assert in_thread(cache.get_or_load, "a", source).result() == "value 1"
    first_done.set()
    assert late.result() == "value 1"
    assert source.calls == 1


def test_shared_load_is_stored_once(cache, in_thread):
    source = Source()
    tasks = [in_thread(cache.get_or_load, "a", source) for _ in range(4)]
    wait_until(lambda: cache.waiting("a") == 3)
    source.release.set()
    for task in tasks:
        task.result()
    assert cache.stats.stores == 1


def test_reading_is_possible_during_a_load(cache, in_thread):
    cache.put("b", 2)
    source = Source()
    task = in_thread(cache.get_or_load, "a", source)
    assert source.entered.wait(1.0)
    assert in_thread(cache.get, "b").result(1.0) == 2
    source.release.set()
    assert task.result() == "value 1"


def test_loader_may_load_another_key(cache):
    assert cache.get_or_load("a", lambda: cache.get_or_load("b", lambda: 2) + 1) == 3
    assert cache.keys() == ["b", "a"]


def test_loader_may_not_load_its_own_key(cache):
    with pytest.raises(ReentrantLoad, match="'a'"):
        cache.get_or_load("a", lambda: cache.get_or_load("a", lambda: 1))
    assert cache.get_or_load("a", lambda: 1) == 1
