"""How many calls run at a time is learned from a provider's refusals, and how long to wait from its words."""

from __future__ import annotations

import random
import threading
import time
from email.utils import formatdate

import pytest

from runner.models.provider.limiter import CALM_SECONDS, LEAST, MOST, START, Limiter, limiter_of
from runner.models.provider.retry import Patience, retry_after


def test_refusals_halve_what_runs_at_a_time_and_those_that_come_together_count_once() -> None:
    now = [1000.0]
    limiter = Limiter(clock=lambda: now[0])
    for _ in range(50):
        limiter.refused()
    assert limiter.limit == START / 2
    now[0] += CALM_SECONDS
    limiter.refused()
    assert limiter.limit == START / 4


def test_what_went_well_adds_one_for_each_full_round() -> None:
    limiter = Limiter()
    for _ in range(int(START) + 1):
        limiter.went_well()
    assert limiter.limit == START + 1
    for _ in range(100_000):
        limiter.went_well()
    assert limiter.limit == MOST


def test_no_more_than_the_limit_run_at_a_time_and_all_get_their_turn() -> None:
    limiter, lock = Limiter(), threading.Lock()
    limiter._limit = 3.0
    running, most, done = 0, 0, 0
    three = threading.Barrier(3, timeout=60)

    def call() -> None:
        nonlocal running, most, done
        with limiter.slot(threading.Event()):
            with lock:
                running += 1
                most = max(most, running)
            three.wait()
            with lock:
                running -= 1
                done += 1

    threads = [threading.Thread(target=call) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    assert (done, most) == (30, 3)


def test_it_never_stops_altogether() -> None:
    limiter = Limiter()
    for _ in range(20):
        limiter._lowered = float("-inf")
        limiter.refused()
    assert limiter.limit == LEAST


def test_a_stopped_run_does_not_wait_for_its_turn() -> None:
    limiter, stop = Limiter(), threading.Event()
    limiter._limit = 1.0
    with limiter.slot(stop):
        stop.set()
        with limiter.slot(stop):
            assert limiter._running == 2


def test_one_provider_has_one_limiter() -> None:
    assert limiter_of("http://a/v1") is limiter_of("http://a/v1")
    assert limiter_of("http://a/v1") is not limiter_of("http://b/v1")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "tomorrow"}, None),
        ({}, None),
    ],
)
def test_what_a_server_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_date_is_read_as_the_time_until_then() -> None:
    began = time.time()
    asked = retry_after({"retry-after": formatdate(began + 30, usegmt=True)})
    assert asked is not None and 29 - (time.time() - began) <= asked <= 30
    assert retry_after({"retry-after": formatdate(time.time() - 30, usegmt=True)}) == 0.0


@pytest.mark.parametrize("asked", ["0", "0.0", "-0", "Mon, 23 Nov 2020 07:00:00 GMT"])
def test_a_server_that_asks_for_no_time_at_all_is_not_asked_again_and_again_at_once(asked: str) -> None:
    patience = Patience(threading.Event(), tries=6, first=0.01, random=random.Random(8))
    while True:
        patience.attempts += 1
        if not patience.wait({"retry-after": asked}):
            break
    assert patience.attempts == 6
    assert patience.waited > 0.05
