"""The hours of a run: when no trial starts any more, by the clock on the wall and by time worked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from runner.results import TrialKey
from runner.runs.budget import Budget
from runner.runs.hours import Hours


def key(scenario: str = "s", model: str = "m", repeat: int = 1, arm: str = "control") -> TrialKey:
    return TrialKey(scenario=scenario, model=model, arm=arm, repeat=repeat)


KEY = key()


def until(seconds: float, **more: float) -> Budget:
    return Budget(until=(datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(), **more)  # type: ignore[arg-type]


def hours_of(
    budget: Budget, earlier: float = 0.0, limit: float = 1.0, durations: Iterable[tuple[TrialKey, float]] = ()
) -> Hours:
    """Trials of the arm `long` may take three times as long."""
    return Hours(budget, earlier, lambda key: limit * (3 if key.arm == "long" else 1), durations)


def test_without_a_deadline_everything_starts_and_nothing_is_over() -> None:
    hours = hours_of(Budget(), earlier=1e9, limit=1e9)
    assert hours.admits(KEY) and not hours.over() and hours.why() == ""


def test_what_is_known_of_a_pair_decides_then_of_its_scenario_then_of_its_model() -> None:
    took = [(KEY, 10.0), (KEY, 30.0), (KEY, 20.0), (key(model="n"), 500.0)]
    hours = hours_of(until(1000), 0.0, 9.0, took)
    assert hours.expected(KEY) == 20.0
    assert hours.expected(key(model="o")) == 25.0
    assert hours.expected(key("t", "n")) == 500.0
    hours.learn(key("t", "n"), 40.0)
    assert hours.expected(key("t", "n", 2)) == 40.0


def test_what_nothing_is_known_of_takes_its_limit_but_no_more_than_half_the_run() -> None:
    assert hours_of(until(1000), limit=300.0).expected(KEY) == 300.0
    hours = hours_of(until(1000), limit=900.0)
    assert hours.expected(KEY) == pytest.approx(500, abs=1)
    assert hours.admits(KEY), "else a short run would never learn anything"


def test_a_trial_in_an_arm_with_other_limits_takes_what_such_trials_take() -> None:
    hours = hours_of(until(1000), limit=100.0, durations=[(KEY, 10.0)])
    assert hours.expected(key(arm="framing_messy")) == 10.0, "its limits are the control's"
    assert hours.expected(key(arm="long")) == 300.0
    hours.learn(key(model="n", arm="long"), 120.0)
    assert hours.expected(key(arm="long")) == 120.0
    assert hours.expected(KEY) == 10.0


def test_no_trial_of_a_longer_arm_starts_where_one_of_the_control_still_may() -> None:
    hours = hours_of(until(1000), limit=240.0)
    assert hours.admits(key(arm="long")), "720 seconds, but half of the run at most"
    hours.learn(key(arm="long"), 1200.0)
    assert not hours.admits(key(arm="long")) and hours.admits(KEY)


def test_no_trial_starts_that_would_end_late() -> None:
    hours = hours_of(until(60), durations=[(KEY, 61.0), (key("t"), 40.0)])
    assert not hours.admits(KEY)
    assert hours.admits(key("t"))


def test_minutes_are_those_of_all_processes_together() -> None:
    hours = hours_of(Budget(minutes=10.0), earlier=580.0)
    assert 0 < hours.left() <= 20 and hours.why() == "10 minutes"
    assert hours_of(Budget(minutes=10.0), earlier=601.0).left() < 0


def test_the_nearer_deadline_holds() -> None:
    budget = until(30).model_copy(update={"minutes": 10.0})
    assert "until" in hours_of(budget).why()
    assert hours_of(budget, 590.0).why() == "10 minutes"


def test_a_grace_follows_the_deadline() -> None:
    assert not hours_of(until(-30, grace_minutes=1.0)).over()
    assert hours_of(until(-61, grace_minutes=1.0)).over()
    assert not hours_of(until(-30, grace_minutes=1.0), limit=0.0).admits(KEY)
