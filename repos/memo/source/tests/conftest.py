import threading

import pytest

from memo import Cache, ManualClock


class Task:
    """A call in a thread of its own."""

    def __init__(self, function, *args):
        self._outcome = None
        self._error = None
        self._thread = threading.Thread(target=self._run, args=(function, args), daemon=True)
        self._thread.start()

    def _run(self, function, args):
        try:
            self._outcome = function(*args)
        except Exception as error:
            self._error = error

    def result(self, timeout=2.0):
        self._thread.join(timeout)
        assert not self._thread.is_alive(), "the call does not come back"
        if self._error is not None:
            raise self._error
        return self._outcome


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def cache(clock):
    return Cache(clock=clock)


@pytest.fixture
def in_thread():
    return Task
