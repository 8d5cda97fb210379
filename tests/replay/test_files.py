"""A trial's files at any step, without an engine, and honest about what commands may have done unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.errors import FileProblem, UserError
from runner.events.calls import ToolReturned
from runner.faults.base import Fault
from runner.messages import ToolCall
from runner.replay.files import FileChange, files_at, reconstruction
from runner.replay.origin import Recorded
from runner.runs.folder import RunFolder
from runner.transcript import read
from runner.trials.snapshot import save
from sandboxes.archive import Entry
from sandboxes.base import Command, ExecResult

MakeTrial = Callable[..., Path]
CALC = "src/calc.py"
EDIT = ToolCall.of("e", "edit_file", path=CALC, old="return x + 2", new="return x * 2")
NEW = ToolCall.of("w", "write_file", path="src/new.py", content="a = 1\n")
DELETE = ToolCall.of("d", "delete_file", path="src/new.py")
SED = ToolCall.of("c", "run_command", command="sed -i s/3/4/ src/calc.py")
LOOK = ToolCall.of("l", "run_command", command="cat src/calc.py")


def answers(trial: Path, tool: str) -> list[int]:
    """The steps at which calls of a tool were answered."""
    return [
        event.step for event in read(trial / "events.jsonl") if isinstance(event, ToolReturned) and event.tool == tool
    ]


def machine(command: Command, files: dict[str, Entry]) -> ExecResult:
    """`rm`, and a `sed` that the transcript does not see through."""
    if command.argv[:2] == ["rm", "--"]:
        del files[command.argv[2]]
    elif "sed" in command.argv[-1]:
        files[CALC] = Entry(files[CALC].data.replace(b"3", b"4"))
    return ExecResult(0, b"")


def test_files_before_and_after_each_recorded_edit(make_trial: MakeTrial) -> None:
    trial = make_trial(EDIT, NEW, LOOK, DELETE, answer=machine)
    found = reconstruction(trial)
    [edited], [written], [deleted] = (answers(trial, tool) for tool in ("edit_file", "write_file", "delete_file"))
    assert found.changed_steps() == [edited, written, deleted]
    assert found.files_at(edited - 1) == {}
    change = found.files_at(edited)[CALC]
    assert change.before is not None and b"x + 2" in change.before.data
    assert change.after is not None and b"x * 2" in change.after.data
    assert found.files_at(written).keys() == {CALC, "src/new.py"}
    assert found.files_at(written, since=edited) == {"src/new.py": FileChange("src/new.py", None, Entry(b"a = 1\n"))}
    assert found.files_at(deleted, since=written)["src/new.py"].after is None
    assert found.files_at(deleted).keys() == {CALC}
    assert found.final == "agrees"
    assert found.certain_until is None and found.certain_at(deleted)
    assert files_at(trial, edited) == found.files_at(edited)


def test_from_a_command_that_may_write_nothing_is_certain_and_it_is_named(make_trial: MakeTrial) -> None:
    trial = make_trial(EDIT, SED, NEW, answer=machine)
    found = reconstruction(trial)
    [edited], [ran] = answers(trial, "edit_file"), answers(trial, "run_command")
    assert found.certain_at(edited) and not found.certain_at(ran)
    assert found.certain_until == ran
    [may, did] = found.doubts
    assert (may.step, may.weight) == (ran, "may") and "sed -i" in may.why
    assert did.weight == "did" and CALC in did.why, "the workspace that was kept says that it did write"
    assert (found.final, found.final_differs) == ("differs", (CALC,))


def test_a_recorded_edit_that_does_not_fit_shows_that_files_were_changed_unseen(make_trial: MakeTrial) -> None:
    later = ToolCall.of("e2", "edit_file", path=CALC, old="return x * 4", new="return 3 * x")
    trial = make_trial(SED, later, answer=machine)
    did = [doubt for doubt in reconstruction(trial).doubts if doubt.weight == "did"]
    assert did[0].step == answers(trial, "edit_file")[0]
    assert "does not occur" in did[0].why


def test_a_command_that_only_looks_leaves_everything_certain(make_trial: MakeTrial) -> None:
    found = reconstruction(make_trial(LOOK, EDIT, answer=machine))
    assert found.doubts == () and found.final == "agrees"


@pytest.mark.parametrize("visibility", ["explicit", "implicit"])
@pytest.mark.parametrize("kind", ["lost_edit", "disk_full", "tool_error"])
def test_an_edit_that_a_fault_spoiled_is_spoiled_in_the_same_way(
    make_trial: MakeTrial, kind: str, visibility: str
) -> None:
    fault = Fault.model_validate(
        {"kind": kind, "visibility": visibility, "persistence": "transient", "tool": "edit_file", "nth": 2}
    )
    again = ToolCall.of("w2", "write_file", path="src/other.py", content="b = 1\nb = 2\n")
    trial = make_trial(NEW, EDIT, again, fault=fault, answer=machine)
    found = reconstruction(trial)
    assert found.final == "agrees"
    assert found.doubts == ()


def test_a_trial_that_was_killed_has_its_files_and_nothing_to_hold_them_against(make_trial: MakeTrial) -> None:
    trial = make_trial(EDIT, finished=False)
    with (trial / "events.jsonl").open("ab") as handle:
        handle.write(b'{"type": "tool_retur')
    found = reconstruction(trial)
    assert found.final == "unknown"
    assert found.files_at(10_000).keys() == {CALC}


def test_a_failed_trials_workspace_is_where_the_next_one_begins(make_trial: MakeTrial, tmp_path: Path) -> None:
    trial = make_trial(NEW)
    lines = (trial / "events.jsonl").read_text().splitlines()
    earlier = RunFolder(tmp_path / "earlier")
    left = tmp_path / "earlier" / "trials" / "doubling.m.control.1"
    left.mkdir(parents=True)
    save(left, {CALC: Entry(b"broken\n")})
    start = {"step": 1, "type": "started_from", "trial": {"scenario": "doubling", "model": "m", "repeat": 1}}
    renumbered = [json.loads(line) | {"step": at + 2} for at, line in enumerate(lines[1:])]
    (trial / "events.jsonl").write_text(
        "".join(json.dumps(x) + "\n" for x in [json.loads(lines[0]), start, *renumbered])
    )
    lock = json.loads((trial.parent.parent / "study.lock.json").read_text())
    lock["study"]["failed_run"] = str(earlier.path)
    (trial.parent.parent / "study.lock.json").write_text(json.dumps(lock))
    change = files_at(trial, 1)[CALC]
    assert change.after == Entry(b"broken\n")


def test_a_scenario_that_is_gone_or_changed_is_said_with_what_to_do(make_trial: MakeTrial, tmp_path: Path) -> None:
    trial = make_trial(EDIT)
    folder = tmp_path / "scenarios" / "doubling"
    (folder / "instruction.md").write_text("Something else.\n")
    with pytest.raises(UserError, match=r"changed since the trial ran .*--anyway"):
        reconstruction(trial)
    moved = folder.rename(tmp_path / "scenarios" / "doubling-elsewhere")
    with pytest.raises(UserError, match=r"no longer at .*--scenario"):
        reconstruction(trial)
    (trial.parent.parent / "study.lock.json").unlink()
    with pytest.raises(UserError, match=r"no run's folder .*--scenario"):
        reconstruction(trial)
    assert reconstruction(trial, scenario=moved).final == "agrees"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [], "does not begin with trial_started"),
        (lambda lines: lines[1:], "has step 1; steps count lines from 0"),
        (lambda lines: [lines[0].replace('"doubling"', '"../up"'), *lines[1:]], "no folder's name"),
        (lambda lines: [lines[0], "garbage", *lines[1:]], "line 2 is no event"),
    ],
)
def test_a_damaged_transcript_is_named(
    make_trial: MakeTrial, change: Callable[[list[str]], list[str]], said: str
) -> None:
    trial = make_trial(EDIT)
    lines = (trial / "events.jsonl").read_text().splitlines()
    (trial / "events.jsonl").write_text("".join(f"{line}\n" for line in change(lines)))
    with pytest.raises(FileProblem, match=said):
        Recorded.of(trial)


def test_a_transcript_names_no_path_of_the_hosts(make_trial: MakeTrial, tmp_path: Path) -> None:
    secret = tmp_path / "secret.m.control.1"
    secret.mkdir()
    save(secret, {CALC: Entry(b"secret\n")})
    trial = make_trial(NEW)
    lines = (trial / "events.jsonl").read_text().splitlines()
    submission = {"summary": "x", "confidence": 0.5}
    key = {"scenario": "../../secret", "model": "m", "repeat": 1}
    hostile = {"step": 1, "type": "branched", "trunk": key, "trunk_step": 0, "resolved": False}
    text = json.dumps(hostile | {"submission": submission})
    (trial / "events.jsonl").write_text(f"{lines[0]}\n{text}\n")
    with pytest.raises(FileProblem, match="no such file: the trial left no workspace") as error:
        reconstruction(trial)
    assert str(error.value).startswith(str(trial.parent))


def test_edits_outside_the_workspace_and_in_gits_own_files_are_no_part_of_it(make_trial: MakeTrial) -> None:
    outside = ToolCall.of("o", "write_file", path="/tmp/notes", content="x")
    git = ToolCall.of("g", "write_file", path=".git/hooks/post-commit", content="x")
    up = ToolCall.of("u", "write_file", path="../../etc/passwd", content="x")
    found = reconstruction(make_trial(outside, git, up, EDIT))
    assert found.files_at(10_000).keys() == {CALC}
    assert found.doubts == ()
