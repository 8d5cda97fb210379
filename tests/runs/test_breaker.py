"""The circuit breaker: a model whose provider is down pauses, one trial at a time tries, others go on."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from runner.runs.breaker import Breaker
from runner.runs.runlog import RunLog, read_log


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(tmp_path: Path, clock: Clock) -> Breaker:
    drawn = random.Random(1)
    return Breaker(RunLog(tmp_path / "log.jsonl"), first=0.1, longest=0.4, most_probes=4, random=drawn, clock=clock)


def opened(breaker: Breaker) -> Breaker:
    for number in range(3):
        assert breaker.failed("m", "overloaded", probe=False) is (number == 2)
    return breaker


def awaited(breaker: Breaker, clock: Clock, seconds: float = 2.0) -> float:
    started = clock()
    while breaker.passage("m") == "wait":
        assert clock() - started < seconds
        clock.seconds += 0.005
    return clock() - started


def test_it_opens_after_failures_in_a_row_for_that_model_alone(breaker: Breaker) -> None:
    opened(breaker)
    assert (breaker.passage("m"), breaker.passage("n")) == ("wait", "go")


def test_an_answer_in_between_starts_the_count_anew(breaker: Breaker) -> None:
    for _ in range(5):
        assert not breaker.failed("m", "overloaded", probe=False)
        assert not breaker.failed("m", "overloaded", probe=False)
        breaker.answered("m")
    assert breaker.passage("m") == "go"


def test_after_the_pause_one_trial_alone_tries_and_its_answer_closes_it(breaker: Breaker, clock: Clock) -> None:
    awaited(opened(breaker), clock)
    assert breaker.taken("m")
    assert breaker.passage("m") == "wait", "the others wait for the one that tries"
    breaker.answered("m")
    assert breaker.passage("m") == "go"
    assert not breaker.taken("m"), "none of those that follow is a trial of the provider"


def test_pauses_double_up_to_the_longest_and_then_it_gives_up(breaker: Breaker, clock: Clock, tmp_path: Path) -> None:
    opened(breaker)
    for _ in range(4):
        awaited(breaker, clock)
        assert breaker.taken("m")
        assert breaker.failed("m", "overloaded", probe=True)
    assert breaker.passage("m") == "closed_for_good"
    log = list(read_log(tmp_path / "log.jsonl"))
    pauses = [each.seconds for each in log if each.kind == "provider_down"]
    for pause, ceiling in zip(pauses, (0.1, 0.2, 0.4, 0.4), strict=True):
        assert pause is not None and ceiling / 2 <= pause <= ceiling
    assert log[-1].kind == "provider_given_up"


def test_failures_of_those_that_ran_already_do_not_lengthen_the_pause(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    for _ in range(10):
        assert breaker.failed("m", "overloaded", probe=False)
    assert awaited(breaker, clock) <= 0.2


def test_a_trial_that_tried_and_ended_without_a_word_of_the_provider_leaves_its_place_to_another(
    breaker: Breaker, clock: Clock
) -> None:
    awaited(opened(breaker), clock)
    assert breaker.taken("m")
    breaker.left("m")
    assert breaker.passage("m") == "go"
