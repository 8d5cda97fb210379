"""Recorded calls made again in real sandboxes, without a model: what agrees, what differs, what is not made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from bench import program
from runner.errors import UserError
from runner.events.calls import CallRefused, FaultDelivered, ToolReturned
from runner.messages import ToolCall
from runner.models.personalities import PERSONALITIES
from runner.models.scripted import Scripted
from runner.replay.files import reconstruction
from runner.replay.origin import Recorded
from runner.replay.rerun import Replayer
from runner.replay.seen import Seen, after, place, read_seen
from runner.runs.folder import RunFolder
from runner.transcript import read
from sandboxes.client import Engine

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("replay")]
MakeTrial = Callable[..., Path]
Replay = Callable[[Path], Seen]
CALC = "src/calc.py"
SUBMIT = ToolCall.of("s", "submit", summary="done", confidence=0.5)


def command(line: str) -> ToolCall:
    return ToolCall.of("c", "run_command", command=line)


DRAWN = "date; mktemp -d; python3 -c 'print(object())'; python3 -c 'import os; print(\"pid\", os.getpid())'"
SCRIPTS = {
    "clocks": [command(DRAWN), command("sed -i 's/x + 2/x * 2/' src/calc.py"), ToolCall.of("t", "run_tests")],
    "dice": [command("python3 -c 'import random; print(random.random())'")],
}


@pytest.fixture(scope="session", autouse=True)
def importable() -> None:
    """`python:` models are looked up by name."""
    module = types.ModuleType("test_rerun_models")
    for name, script in SCRIPTS.items():
        setattr(module, name, lambda opening, script=script: Scripted([*script, SUBMIT]))
    sys.modules.setdefault(module.__name__, module)


@pytest.fixture(scope="session")
def replay(engine: Engine) -> Replay:
    def once(trial: Path) -> Seen:
        recorded = Recorded.of(trial)
        return Replayer(engine, print).replay(recorded, recorded.scenario()).seen

    return once


@pytest.fixture(scope="session")
def every_model(work_through: Callable[..., RunFolder]) -> RunFolder:
    """A trial of each model that is built in."""
    names = ("oracle", "noop", "repair", *(f"personality:{name}" for name in PERSONALITIES))
    return work_through(*names, suite="unittest")


@pytest.fixture(scope="session")
def in_arms(work_through: Callable[..., RunFolder]) -> RunFolder:
    """Trials with faults, approvals and challenges."""
    return work_through(
        "personality:recovers",
        "personality:edits-tests",
        approvals=("gate:deny_once", "must_ask:by_label"),
        faults=("lost_edit:implicit:permanent", "tool_error:explicit:transient"),
        suite="unittest",
        feedback=("prove_it",),
        seed=2,  # both faults strike the first edit
    )


@pytest.fixture(scope="session")
def scripted(work_through: Callable[..., RunFolder]) -> RunFolder:
    return work_through(*(f"python:test_rerun_models:{name}" for name in SCRIPTS))


def of(run: RunFolder, model: str, arm: str = "control") -> Path:
    [found] = [folder for folder in run.path.glob("trials/*") if model in folder.name and f".{arm}." in folder.name]
    return found


def differences(seen: Seen) -> list[tuple[str, str, str, str]]:
    return [(call.what, call.why, call.recorded_line, call.replayed_line) for call in seen.differing]


@pytest.mark.slow
def test_trials_of_every_built_in_model_agree(every_model: RunFolder, replay: Replay) -> None:
    trials = sorted(every_model.path.glob("trials/*"))
    assert len(trials) == 3 + len(PERSONALITIES)
    for trial in trials:
        seen = replay(trial)
        assert (differences(seen), seen.final, seen.final_differs) == ([], "agreed", ()), trial.name


@pytest.mark.slow
def test_trials_with_faults_approvals_and_challenges_agree(in_arms: RunFolder, replay: Replay) -> None:
    struck, refused, branched = 0, 0, 0
    for trial in sorted(in_arms.path.glob("trials/*")):
        seen = replay(trial)
        assert (differences(seen), seen.final, seen.final_differs) == ([], "agreed", ()), trial.name
        events = list(read(trial / "events.jsonl"))
        receipts = [event.fault for event in events if isinstance(event, FaultDelivered)]
        answers = [fault for call in seen.calls if call.answer is not None for fault in call.answer.faults]
        assert answers == [fault for fault in receipts if fault != "denied_approval"], "injected again, and no other"
        not_made = {call.answered for call in seen.calls if call.agreement == "not_made"}
        denied = {event.step for event in events if isinstance(event, CallRefused)}
        assert denied <= not_made, "what was refused is not made"
        struck, refused = struck + len(answers), refused + len(denied)
        branched += ".feedback_" in trial.name
    assert struck and refused and branched


def test_what_a_command_changed_is_known_once_it_was_replayed(scripted: RunFolder, replay: Replay) -> None:
    trial = of(scripted, "clocks")
    before = reconstruction(trial)
    assert before.certain_until is not None and before.changed_steps() == []
    seen = replay(trial)
    found = reconstruction(trial)
    [changed] = found.changed_steps()
    change = found.files_at(changed)[CALC]
    assert change.after is not None and b"x * 2" in change.after.data
    assert (found.certain_until, found.final, found.source) == (None, "agrees", f"replay {seen.number}")
    patch = (after(place(trial, seen.number), changed) / "patch.diff").read_text()
    assert "-    return x + 2\n+    return x * 2\n" in patch


def test_times_names_and_addresses_may_differ_and_the_raw_text_is_kept(scripted: RunFolder, replay: Replay) -> None:
    trial = of(scripted, "clocks")
    seen = replay(trial)
    drawn = seen.calls[0]
    assert drawn.agreement == "agreed" and {"times", "temporary names", "addresses"} <= set(drawn.normalised)
    then = next(event for event in read(trial / "events.jsonl") if isinstance(event, ToolReturned))
    kept = read_seen(trial, seen.number).calls[0].answer
    assert kept is not None and "/tmp/tmp." in kept.text and kept.text != then.text


def test_a_call_that_answers_otherwise_is_named_with_its_line_and_the_command_exits_1(scripted: RunFolder) -> None:
    trial = of(scripted, "dice")
    done = taskfit("replay", str(trial))
    assert done.returncode == 1, done.stderr
    assert "differs: the text" in done.stdout and "1 differ, the first at step" in done.stdout
    done = taskfit("replay", str(trial), "--json")
    assert done.returncode == 1, done.stderr
    [seen] = json.loads(done.stdout)
    [call] = [call for call in seen["calls"] if call["agreement"] == "differs"]
    assert call["recorded_line"].startswith("0.") and call["replayed_line"].startswith("0.")
    assert call["recorded_line"] != call["replayed_line"]


def test_a_run_is_replayed_trial_by_trial_and_the_command_exits_0_where_all_agree(
    scripted: RunFolder, tmp_path: Path
) -> None:
    run = shutil.copytree(scripted.path, tmp_path / "run")
    shutil.rmtree(of(RunFolder(run), "dice"))
    done = taskfit("replay", str(run))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "agreed but for" in done.stdout and "the workspace ended as it did then" in done.stdout


@pytest.mark.parametrize(
    ("recorded", "why"),
    [
        ({"exit_code": 3}, "exit code: 3 then, 0 now"),
        ({"text": "exit code 0\n3 passed"}, "the text"),
        ({"timed_out": True, "exit_code": None}, "time-out: yes then, no now"),
    ],
)
def test_a_recorded_exit_code_or_test_outcome_that_was_another_differs(
    scripted: RunFolder, replay: Replay, tmp_path: Path, recorded: dict[str, object], why: str
) -> None:
    run = shutil.copytree(scripted.path, tmp_path / "run")
    trial = of(RunFolder(run), "clocks")
    rewrite(trial, lambda event: event | recorded if is_answer(event, "run_tests") else event)
    assert [(call.tool, call.why) for call in replay(trial).differing] == [("run_tests", why)]


def test_hostile_arguments_reach_the_sandbox_alone(make_trial: MakeTrial, replay: Replay, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    trial = make_trial(
        ToolCall.of("1", "write_file", path=str(marker), content="x"),
        ToolCall.of("2", "write_file", path=f"../../../..{marker}", content="x"),
        command(f"touch {marker}; $(touch {marker}); ln -s / root; echo x > root{marker}"),
        ToolCall.of("4", "write_file", path=f"root{marker}", content="x"),
        ToolCall.of("5", "run_tests", tests=["--rootdir=/", f"$(touch {marker})"]),
        ToolCall.of("6", "delete_file", path="/etc/hostname"),
        ToolCall.of("7", "read_file", path=f"{tmp_path}/run/study.lock.json"),
    )
    before = sorted(path for path in trial.parent.parent.rglob("*"))
    seen = replay(trial)
    assert not marker.exists()
    assert Path("/etc/hostname").exists()
    assert "folders" not in "".join(call.answer.text for call in seen.calls if call.answer is not None)
    made = {path for path in trial.parent.parent.rglob("*") if path not in before}
    assert all(path.is_relative_to(trial / "replays") for path in made), "kept beside the trial, nowhere else"


def test_a_running_trial_is_left_alone(make_trial: MakeTrial, replay: Replay) -> None:
    trial = make_trial(command("ls"), finished=False)
    with FileLock(trial.parent.parent / ".lock"):
        with pytest.raises(UserError, match="is still running"):
            replay(trial)
        done = taskfit("replay", str(trial))
        assert done.returncode == 2 and "is still running" in done.stderr and "Traceback" not in done.stderr
    assert not (trial / "replays").exists()
    assert replay(trial).final == "unknown", "a killed one is replayed as far as it went"


def test_what_this_version_cannot_make_is_said_to_differ(make_trial: MakeTrial, replay: Replay) -> None:
    trial = make_trial(command("true"))
    rewrite(trial, lambda event: event | {"tool": "../../run"} if event.get("tool") == "run_command" else event)
    [call] = replay(trial).differing
    assert call.why == "there is no tool '../../run' in this version"


def test_what_cannot_be_replayed_is_a_clear_message(make_trial: MakeTrial, tmp_path: Path) -> None:
    trial = make_trial(command("true"))
    for words, said in (([str(tmp_path)], "events.jsonl"), ([str(trial), "--scenario", "nowhere"], "at nowhere")):
        done = taskfit("replay", *words)
        assert done.returncode == 2 and "Traceback" not in done.stderr
        assert said in done.stderr


def test_an_engine_that_does_not_answer_is_a_clear_message(make_trial: MakeTrial) -> None:
    done = taskfit("replay", str(make_trial(command("true"))), DOCKER_HOST="unix:///nowhere/docker.sock")
    assert done.returncode == 2 and "nowhere" in done.stderr and "Traceback" not in done.stderr


def rewrite(trial: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change events of a transcript."""
    file = trial / "events.jsonl"
    file.write_text("".join(f"{json.dumps(change(json.loads(line)))}\n" for line in file.read_text().splitlines()))


def is_answer(event: dict[str, Any], tool: str) -> bool:
    return bool(event["type"] == "tool_returned" and event["tool"] == tool)


def taskfit(*words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return program.taskfit(*words, cwd=cwd, env=os.environ | env)
