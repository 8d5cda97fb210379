"""What a recorded trial's fault does behind a step at which somebody goes on: on, once, or nothing any more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.arms import Arm, FaultPattern, Persistence
from runner.errors import UserError
from runner.events.calls import FaultDelivered
from runner.events.conversation import Replied
from runner.faults.base import Fault, draw, fault_seed
from runner.messages import AssistantMessage, Reply, ToolCall
from runner.replay.forks import Fork
from runner.replay.lasting import fault_of, in_words, left_of
from runner.replay.origin import Recorded
from runner.replay.rebuilding import rebuild
from runner.replay.rerun import Replayer
from runner.runs.folder import LOCK
from runner.scenarios.catalog import load_scenario
from sandboxes.client import Engine

MakeTrial = Callable[..., Path]
READ = ToolCall.of("r", "read_file", path="src/calc.py")
EDIT = ToolCall.of("e", "edit_file", path="src/calc.py", old="x + 2", new="x - 2")
WRITE = ToolCall.of("w", "write_file", path="src/more.py", content="1\n")
WRONG = ToolCall.of("x", "edit_file", path=3)


def fault(persistence: Persistence, nth: int = 1) -> Fault:
    return Fault(kind="disk_full", visibility="explicit", persistence=persistence, tool="edit_file", nth=nth)


def turns(recorded: Recorded) -> list[int]:
    return [event.step for event in recorded.events if isinstance(event, Replied)]


def seeded(trial: Path, faults: str, seed: object = 7) -> Recorded:
    """The trial as if an arm had given it its fault."""
    lines = (trial / "events.jsonl").read_text().splitlines()
    first = json.loads(lines[0]) | {"arm": Arm(faults=faults).model_dump(mode="json")}
    (trial / "events.jsonl").write_text("\n".join([json.dumps(first), *lines[1:]]) + "\n")
    lock = trial.parents[1] / LOCK
    lock.write_text(json.dumps(json.loads(lock.read_text()) | {"study": {"seed": seed}}))
    return Recorded.of(trial)


@pytest.mark.parametrize(
    ("persistence", "nth", "expected"),
    [
        ("permanent", 1, [1, 1, 1, 1]),
        ("permanent", 3, [3, 3, 2, 1]),
        ("transient", 2, [2, 2, 1, None]),
        ("transient", 1, [1, 1, None, None]),
    ],
)
def test_a_lasting_fault_strikes_on_and_a_passing_one_once_counted_from_the_step(
    make_trial: MakeTrial, persistence: Persistence, nth: int, expected: list[int | None]
) -> None:
    given = fault(persistence, nth)
    both = Reply(message=AssistantMessage(tool_calls=(EDIT, WRONG)))
    recorded = Recorded.of(make_trial(READ, both, WRITE, fault=given))
    left = [left_of(given, recorded.events[:step]) for step in turns(recorded)]
    assert [each.nth if each else None for each in left] == expected


def test_requests_are_what_a_denial_counts(make_trial: MakeTrial) -> None:
    given = Fault(
        kind="denied_approval", visibility="implicit", persistence="transient", tool="request_approval", nth=2
    )
    wanted = {"path": "tests/x.py", "content": "x"}
    asks = [
        ToolCall.of("a", "request_approval", tool="write_file", arguments=wanted | {"content": text}, reason="why not")
        for text in "xy"
    ]
    recorded = Recorded.of(make_trial(*asks, fault=given))
    left = [left_of(given, recorded.events[:step]) for step in turns(recorded)]
    assert [each.nth if each else None for each in left] == [2, 1, None]


def test_a_fault_that_has_not_struck_yet_is_drawn_anew_by_the_runs_seed(make_trial: MakeTrial) -> None:
    recorded = seeded(make_trial(READ), "disk_full:explicit")
    drawn = draw(FaultPattern(kind="disk_full", visibility="explicit"), fault_seed(7, recorded.started.key))
    assert fault_of(recorded) == drawn
    assert in_words(drawn).startswith("disk_full:explicit:")
    assert fault_of(seeded(recorded.folder, "none")) is None
    assert fault_of(seeded(recorded.folder, "disk_full", seed="?")) is None, "nobody knows the seed"


def test_a_fault_that_struck_is_the_one_that_its_receipts_tell_of(make_trial: MakeTrial) -> None:
    recorded = Recorded.of(make_trial(READ, EDIT, fault=fault("permanent")))
    assert fault_of(recorded) == fault("permanent"), "whatever its arm"
    assert fault_of(seeded(recorded.folder, "timeout")) == fault("permanent"), "or what would be drawn today"


@pytest.mark.engine
def test_two_faults_at_once_are_refused_and_one_can_be_ended(
    make_trial: MakeTrial, engine: Engine, tmp_path: Path
) -> None:
    trial = make_trial(READ, EDIT, fault=fault("permanent"))
    recorded = Recorded.of(trial)
    assert recorded.run is not None
    [folder] = recorded.run.whole_lock().folders.values()
    found, replayer = load_scenario(folder), Replayer(engine, print)
    scenarios = {found.id: found}
    forked = {"bad": Fork(trials=(f"{trial}@end",), anyway=True)}
    with pytest.raises(UserError, match=r'goes on \(disk_full:explicit:permanent\).*faults = "none" in \[forks.bad\]'):
        rebuild(tmp_path / "two", forked, scenarios, replayer, {"bad"})
    kept = rebuild(tmp_path / "one", forked, scenarios, replayer).of("bad", found.id, 1).kept
    assert kept.fault == fault("permanent")
    assert kept.event.fault == "disk_full:explicit:permanent"
    ended = {"bad": forked["bad"].model_copy(update={"faults": "none"})}
    kept = rebuild(tmp_path / "none", ended, scenarios, replayer, {"bad"}).of("bad", found.id, 1).kept
    assert (kept.fault, kept.event.fault) == (None, "")
    assert any(isinstance(event, FaultDelivered) for event in recorded.events)
