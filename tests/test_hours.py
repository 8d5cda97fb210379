"""The hours of a run: when no trial starts any more, by the clock on the wall and by time worked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runner.budget import Budget
from runner.hours import Hours
from runner.results import TrialKey

KEY = TrialKey(scenario="s", model="m", repeat=1)


def until(seconds: float, **more: float) -> Budget:
    return Budget(until=(datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(), **more)  # type: ignore[arg-type]


def test_without_a_deadline_everything_starts_and_nothing_is_over() -> None:
    hours = Hours(Budget(), earlier=1e9)
    assert hours.admits(KEY, 1e9) and not hours.over() and hours.why() == ""


def test_what_is_known_of_a_pair_decides_then_of_its_scenario_then_of_its_model() -> None:
    hours = Hours(until(1000), 0.0, [("s", "m", 10.0), ("s", "m", 30.0), ("s", "m", 20.0), ("s", "n", 500.0)])
    assert hours.expected(KEY, 9.0) == 20.0
    assert hours.expected(TrialKey(scenario="s", model="o", repeat=1), 9.0) == 25.0
    assert hours.expected(TrialKey(scenario="t", model="n", repeat=1), 9.0) == 500.0
    hours.learn("t", "n", 40.0)
    assert hours.expected(TrialKey(scenario="t", model="n", repeat=2), 9.0) == 40.0


def test_what_nothing_is_known_of_takes_its_limit_but_no_more_than_half_the_run() -> None:
    hours = Hours(until(1000), 0.0)
    assert hours.expected(KEY, 300.0) == 300.0
    assert hours.expected(KEY, 900.0) == pytest.approx(500, abs=1)
    assert hours.admits(KEY, 900.0), "else a short run would never learn anything"


def test_no_trial_starts_that_would_end_late() -> None:
    hours = Hours(until(60), 0.0, [("s", "m", 61.0), ("t", "m", 40.0)])
    assert not hours.admits(KEY, 1.0)
    assert hours.admits(TrialKey(scenario="t", model="m", repeat=1), 1.0)


def test_minutes_are_those_of_all_processes_together() -> None:
    hours = Hours(Budget(minutes=10.0), earlier=599.0)
    assert 0 < hours.left() <= 1 and hours.why() == "10 minutes"
    assert Hours(Budget(minutes=10.0), earlier=601.0).left() < 0


def test_the_nearer_deadline_holds() -> None:
    budget = until(30).model_copy(update={"minutes": 10.0})
    assert "until" in Hours(budget, 0.0).why()
    assert Hours(budget, 590.0).why() == "10 minutes"


def test_a_grace_follows_the_deadline() -> None:
    assert not Hours(until(-30, grace_minutes=1.0), 0.0).over()
    assert Hours(until(-61, grace_minutes=1.0), 0.0).over()
    assert not Hours(until(-30, grace_minutes=1.0), 0.0).admits(KEY, 0.0)
