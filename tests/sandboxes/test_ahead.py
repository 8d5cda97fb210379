"""A sandbox made ready in the background."""

from __future__ import annotations

import threading

import pytest

from sandboxes.ahead import Ahead
from sandboxes.base import Command
from sandboxes.errors import EngineUnavailable, SandboxDied
from sandboxes.memory import MemorySandbox


def test_it_is_made_while_nobody_waits_and_closed_at_the_end() -> None:
    made = threading.Event()

    def make() -> MemorySandbox:
        made.set()
        return MemorySandbox({})

    with Ahead(make) as ahead:
        assert made.wait(60)
        first, second = ahead.take(), ahead.take()
        assert first is not second
    for sandbox in (first, second):
        with pytest.raises(SandboxDied):
            sandbox.exec(Command(["true"]))


def test_one_that_nobody_took_is_closed_too() -> None:
    sandbox = MemorySandbox({})
    with Ahead(lambda: sandbox):
        pass
    with pytest.raises(SandboxDied):
        sandbox.exec(Command(["true"]))


def test_an_engine_that_failed_in_the_background_is_asked_once_more() -> None:
    tries = []

    def make() -> MemorySandbox:
        tries.append(1)
        if len(tries) == 1:
            raise EngineUnavailable("gone")
        return MemorySandbox({})

    with Ahead(make) as ahead:
        assert ahead.take().exec(Command(["true"])).exit_code == 0


def test_an_engine_that_stays_away_is_an_error() -> None:
    def make() -> MemorySandbox:
        raise EngineUnavailable("gone")

    with Ahead(make) as ahead, pytest.raises(EngineUnavailable):
        ahead.take()
