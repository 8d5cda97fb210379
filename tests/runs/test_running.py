"""From when on a trial counts as hanging: never while it waits for a person or for its turn."""

from __future__ import annotations

import pytest

from runner.results import TrialKey
from runner.runs.ledger import Row
from runner.runs.running import Patience, Running
from runner.scenarios.scenario import Limits

LIMITS = Limits(minutes=10.0, command_seconds=60)


def running(phase: str, last: str = "") -> Running:
    found = Running(Row(1, TrialKey(scenario="s", model="m", repeat=1), "running", 1, None))
    found.entered(phase)
    found.last = last
    return found


@pytest.mark.parametrize("phase", ["preparing", "queued", "waiting"])
@pytest.mark.parametrize("last", ["", "call_proposed", "decided", "submitted"])
def test_a_trial_that_waits_for_others_never_hangs(phase: str, last: str) -> None:
    assert Patience().of(LIMITS, 30.0)(running(phase, last)) == float("inf")


@pytest.mark.parametrize(
    ("phase", "last", "seconds"),
    [
        ("starting", "", 2.0),
        ("working", "decided", 61.0),
        ("working", "call_proposed", 91.0),
        ("working", "tool_returned", 605.0),
        ("grading", "submitted", 122.0),
    ],
)
def test_at_work_it_has_what_its_limits_and_the_engine_may_take(phase: str, last: str, seconds: float) -> None:
    assert Patience(slack=1.0, provider=5.0).of(LIMITS, 30.0)(running(phase, last)) == seconds
