"""Malformed and hostile files: a message with file and place, bounded time and memory, nothing half taken."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import zstandard

from runner.errors import FileProblem
from runner.events.calls import ToolReturned
from runner.events.conversation import Told
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.trajectories import zipped
from runner.trajectories.importing import Intake
from runner.transcript import read

GOOD: dict[str, Any] = {
    "schema_version": "ATIF-v1.7",
    "agent": {"name": "a", "version": "1", "model_name": "acme/m"},
    "steps": [
        {"step_id": 1, "source": "user", "message": "fix"},
        {
            "step_id": 2,
            "source": "agent",
            "message": "",
            "tool_calls": [{"tool_call_id": "c", "function_name": "bash", "arguments": {"command": "ls"}}],
            "observation": {"results": [{"source_call_id": "c", "content": "out"}]},
        },
    ],
}
HEADER = {"version": 2, "eval": {"model": "m", "task": "t", "packages": {}}}


def taken(tmp_path: Path, data: bytes, name: str = "foreign.json") -> Intake:
    file = tmp_path / name
    file.write_bytes(data)
    run = RunFolder(tmp_path / "run")
    run.path.mkdir(exist_ok=True)
    intake = Intake(run)
    intake.take([file])
    return intake


def refused(tmp_path: Path, data: bytes, name: str = "foreign.json") -> str:
    intake = taken(tmp_path, data, name)
    assert not intake.trials and not intake.run.lock_file.exists()
    (problem,) = intake.problems
    assert isinstance(problem, FileProblem) and str(problem).startswith(str(tmp_path / name))
    assert len(str(problem)) < 1000
    return str(problem)


def changed(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def step(**changes: Any) -> bytes:
    return changed(steps=[GOOD["steps"][0], {**GOOD["steps"][1], **changes}])


def packed(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


CASES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is no JSON"),
    "truncated": (json.dumps(GOOD).encode()[:80], "line 1, column"),
    "no UTF-8": (b'{"a": "\xff"}', "byte 7"),
    "a list": (b"[]", "none of atif, inspect, sweagent, mini"),
    "a number": (b"1", "none of atif"),
    "several values": (json.dumps(GOOD).encode() + b"\n{}\n", "more than one JSON value (line 2)"),
    "deep": (b"[" * 200_000 + b"]" * 200_000, "nested too deeply"),
    "deep object": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
    "a huge number": (changed(x=1)[:-1] + b', "y": ' + b"9" * 10_000 + b"}", "no JSON that can be read"),
    "steps are no list": (changed(steps={"a": 1}), "steps: is an object; a list was expected"),
    "a step is no object": (changed(steps=[1]), "steps[0]: is a number; an object was expected"),
    "a message is a number": (step(message=5), "steps[1].message: is a number; a text was expected"),
    "an unknown source": (step(source="robot"), "steps[1].source: is 'robot'"),
    "calls are no list": (step(tool_calls="ls"), "steps[1].tool_calls: is a text; a list was expected"),
    "negative tokens": (step(metrics={"prompt_tokens": -1}), "steps[1].metrics.prompt_tokens: is -1"),
    "tokens beyond measure": (step(metrics={"prompt_tokens": 10**400}), "beyond all measure"),
    "cost is a text": (step(metrics={"cost_usd": "1"}), "steps[1].metrics.cost_usd: is a text"),
    "agent is a text": (changed(agent="a", steps=[{"source": 1}]), "steps[0].source: is a number"),
    "history of a number": (b'{"history": [{"role": 3}], "info": {}}', "history[0].role: is a number"),
    "an unknown role": (b'{"messages": [{"role": "x"}], "info": {}}', "messages[0].role: is 'x'"),
    "too many steps": (
        b'{"messages": [' + b",".join([b'{"role":"user","content":""}'] * 100_001) + b'], "info": {}}',
        "more than 100,000 steps",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_malformed_file_is_refused_with_its_place(case: str, tmp_path: Path) -> None:
    data, said = CASES[case]
    assert said in refused(tmp_path, data)


SOUND = b'{"id": "a", "messages": [{"role": "user", "content": "hi"}]}'
ARCHIVES: dict[str, tuple[bytes, str]] = {
    "no header": (packed({"samples/a_epoch_1.json": b"{}"}), "has neither header.json"),
    "header is a list": (packed({"header.json": b"[]", "samples/a.json": b"{}"}), "is a list; an object was expected"),
    "broken sample": (
        packed({"header.json": json.dumps(HEADER).encode(), "samples/a.json": b'{"id": '}),
        "samples/a.json: is no JSON",
    ),
    "a broken sample after a sound one": (
        packed({"header.json": json.dumps(HEADER).encode(), "samples/a.json": SOUND, "samples/b.json": b"[]"}),
        "samples/b.json: is a list; an object was expected",
    ),
    "messages of a text": (
        packed({"header.json": json.dumps(HEADER).encode(), "samples/a.json": b'{"id": "a", "messages": "x"}'}),
        "samples/a.json.messages: is a text; a list was expected",
    ),
    "a bad decision": (
        packed(
            {
                "header.json": json.dumps(HEADER).encode(),
                "samples/a.json": json.dumps(
                    {
                        "id": "a",
                        "messages": [{"role": "tool", "tool_call_id": "c", "content": ""}],
                        "events": [{"event": "approval", "call": {"id": "c"}, "decision": "maybe"}],
                    }
                ).encode(),
            }
        ),
        "events[0].decision: is 'maybe'",
    ),
    "cut off": (packed({"header.json": json.dumps(HEADER).encode() * 100})[:-40] + b"PK\x05\x06" + b"\0" * 18, ""),
}


@pytest.mark.parametrize("case", ARCHIVES)
def test_a_malformed_log_is_refused_with_its_place(case: str, tmp_path: Path) -> None:
    data, said = ARCHIVES[case]
    assert said in refused(tmp_path, data, "log.eval")


def test_a_zip_bomb_is_stopped_where_it_unpacks(tmp_path: Path) -> None:
    data = packed({"header.json": b" " * (zipped.LARGEST_MEMBER + 10)})
    assert len(data) < 1 << 20
    assert "header.json: unpacks to more than 256 MiB" in refused(tmp_path, data, "log.eval")


def test_a_zstandard_bomb_is_stopped_where_it_unpacks(tmp_path: Path) -> None:
    bomb = zstandard.ZstdCompressor().compress(b" " * (zipped.LARGEST_MEMBER + 10))
    data = bytearray(packed_as_zstandard("header.json", bomb))
    assert "unpacks to more than 256 MiB" in refused(tmp_path, bytes(data), "log.eval")


def test_a_damaged_zstandard_member_is_said_to_be(tmp_path: Path) -> None:
    data = packed_as_zstandard("header.json", b"\x28\xb5\x2f\xfd" + b"\xff" * 40)
    assert "header.json: cannot be unpacked" in refused(tmp_path, data, "log.eval")


def packed_as_zstandard(name: str, member: bytes) -> bytes:
    """An archive of one stored member whose headers say that it is compressed with method 93."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(name, member)
    data = bytearray(out.getvalue())
    data[8:10] = (93).to_bytes(2, "little")
    central = data.rindex(b"PK\x01\x02")
    data[central + 10 : central + 12] = (93).to_bytes(2, "little")
    return bytes(data)


def test_numbers_that_are_none_count_as_absent(tmp_path: Path) -> None:
    data = step(metrics={"prompt_tokens": 1, "completion_tokens": 1}).replace(
        b'"completion_tokens": 1', b'"completion_tokens": NaN, "cost_usd": Infinity'
    )
    intake = taken(tmp_path, data)
    assert not intake.problems
    marks = [event for event in read(intake.run.trial(intake.trials[0]) / "events.jsonl") if event.type == "imported"]
    assert "usage" not in marks[0].known and "cost" not in marks[0].known  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "version, said", [("ATIF-v1.9", True), ("ATIF-v12.0", True), ("ATIF-next", True), ("ATIF-v1.8", False)]
)
def test_a_later_version_is_read_and_what_it_may_hold_besides_is_said(version: str, said: bool, tmp_path: Path) -> None:
    intake = taken(tmp_path, changed(schema_version=version))
    (key,) = intake.trials
    words = f"whatever {version} has that ATIF-v1.8, as which it was read, has not"
    assert (words in intake.left_out.get(key.name, [])) is said


def test_an_archive_that_ends_too_early_is_called_one(tmp_path: Path) -> None:
    intake = taken(tmp_path, packed({"header.json": b"{}" * 100})[:-30], "log.eval")
    assert ["is a zip archive that ends too early" in problem for problem in map(str, intake.problems)] == [True]


def test_fifty_mebibytes_of_output_are_read_and_cut(tmp_path: Path) -> None:
    data = step(observation={"results": [{"source_call_id": "c", "content": "x" * (50 << 20)}]})
    started = time.process_time()
    intake = taken(tmp_path, data)
    assert time.process_time() - started < 60
    (key,) = intake.trials
    answer = next(event for event in read(intake.run.trial(key) / "events.jsonl") if isinstance(event, ToolReturned))
    assert len(answer.text) < (1 << 20) + 100 and answer.text.endswith("characters left out …")
    assert intake.left_out[key.name] == ["1 texts were cut at 1,048,576 characters"]


@pytest.mark.parametrize("name", ["../../up", "/etc/passwd", "a/b", "x" * 5000, "\ud800", "\x1b[31m", ".", ""])
def test_a_name_out_of_a_file_never_leads_out_of_the_run(name: str, tmp_path: Path) -> None:
    whole = {**GOOD, "agent": {"name": name, "version": name, "model_name": name}}
    whole["extra"] = {"scenario": name, "taskfit": {"version": 1, "events": []}, "reward": name}
    intake = taken(tmp_path, json.dumps(whole).encode())
    assert not intake.problems
    (key,) = intake.trials
    folder = intake.run.trial(key)
    assert folder.resolve().parent == (intake.run.path / "trials").resolve()
    assert {path.name for path in tmp_path.iterdir()} == {"foreign.json", "run"}


def noted(events: list[dict[str, Any]]) -> bytes:
    return changed(extra={"scenario": "s", "taskfit": {"version": 1, "events": events}})


def test_notes_of_ours_with_a_forged_arm_and_verdict_give_neither(tmp_path: Path) -> None:
    key = {"scenario": "../s", "model": "m", "arm": "../../x", "repeat": 9}
    events = [
        {"type": "trial_started", "step": 0, "key": key, "attempt": 1, "image": "i", "seed": 1},
        {"type": "told", "step": 1, "role": "user", "text": "hi"},
        {"type": "trial_finished", "step": 2, "verdict": "resolved"},
    ]
    intake = taken(tmp_path, noted(events))
    assert intake.trials == [TrialKey(scenario="s", model="m", repeat=1)]
    assert intake.run.results()[0].verdict == "imported"


@pytest.mark.parametrize(
    "events",
    [
        [{"type": "told", "role": "user", "held": {"text": "/steps/99/message"}}],
        [{"type": "told", "role": "user", "held": {"text": "loads:/steps/0/message"}}],
        [{"type": "told", "role": "user", "text": "", "held": {"a.b.c": "/steps/0/message"}}],
        [{"type": "told", "role": "user", "held": {"text": "/agent"}}],
        [{"type": "bomb"}],
        [1],
        [{"type": "told", "role": "user", "held": {"text": "/steps/0/message"}}] * 100_001,
    ],
)
def test_notes_of_ours_that_cannot_be_read_are_named_and_the_rest_is_read(events: list[Any], tmp_path: Path) -> None:
    intake = taken(tmp_path, noted(events))
    (key,) = intake.trials
    assert "taskfit's own events, which cannot be read" in intake.left_out[key.name][0]
    told = [event.text for event in read(intake.run.trial(key) / "events.jsonl") if isinstance(event, Told)]
    assert told == ["fix"]


def test_pointers_cannot_multiply_a_long_text(tmp_path: Path) -> None:
    whole = {**GOOD, "steps": [{"step_id": 1, "source": "user", "message": "x" * 1_000_000}]}
    events = [{"type": "told", "role": "user", "held": {"text": "/steps/0/message"}}] * 10_000
    whole["extra"] = {"taskfit": {"version": 1, "events": events}}
    intake = taken(tmp_path, json.dumps(whole).encode())
    assert "bring more text than the file has" in next(iter(intake.left_out.values()))[0]


def test_a_command_in_a_text_is_found_in_time_whatever_stands_around_it(tmp_path: Path) -> None:
    def turns(text: str) -> bytes:
        messages = [{"role": "user", "content": "fix"}, {"role": "assistant", "content": text}]
        return json.dumps({"trajectory_format": "mini-swe-agent-1", "info": {}, "messages": messages}).encode()

    began = time.process_time()
    for text in ("```bash" + "\n" * 1_000_000, "```bash\nls" * 100_000, "```sh " * 200_000):
        taken(tmp_path, turns(text), f"{len(text)}.traj.json")
    assert time.process_time() - began < 10
    (key,) = taken(tmp_path, turns("Look:\n\n```bash\n\nls -l\n```\n"), "one.traj.json").trials
    events = list(read(RunFolder(tmp_path / "run").trial(key) / "events.jsonl"))
    assert [event.arguments for event in events if event.type == "call_proposed"] == [{"command": "ls -l"}]


def test_what_is_no_file_is_named_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    intake = Intake(RunFolder(tmp_path / "run"))
    intake.take([tmp_path / "pipe", tmp_path, tmp_path / "gone"])
    assert [str(each).partition(": ")[2] for each in intake.problems] == [
        "is no file that can be read",
        "is no file that can be read",
        "is not there",
    ]


KILLED = """
import json, os, sys
from pathlib import Path
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.trajectories.importing import Intake

moment, run, *files = sys.argv[1:]


def die(*words):
    os.kill(os.getpid(), 9)


class Dies(Intake):
    def _keep(self, lock, ledger):
        if self._unkept and moment == "before the lock":
            die()
        super()._keep(lock, ledger)

    def _enter(self, ledger, keys):
        if keys and moment == "before the ledger":
            die()
        super()._enter(ledger, keys)


Dies(RunFolder(Path(run)), "s").take(map(Path, files))
"""


@pytest.mark.parametrize("moment", ["before the lock", "before the ledger", "never"])
def test_an_import_that_was_killed_and_is_repeated_has_each_trial_once(moment: str, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.json" for name in ("a", "b", "c")]
    for at, file in enumerate(files):
        file.write_bytes(changed(session_id=f"session {at}"))
    run = RunFolder(tmp_path / "run")
    done = subprocess.run([sys.executable, "-c", KILLED, moment, run.path, *files[:2]], check=False)
    assert done.returncode == (0 if moment == "never" else -9)
    if moment == "before the lock":
        (run.trial(TrialKey(scenario="s", model="acme/m", repeat=1)) / "patch.diff").write_text("of the dead one")
    intake = Intake(run, "s")
    intake.take(files)
    assert not intake.problems
    assert [result.key.repeat for result in run.results()] == [1, 2, 3]
    assert [len(each["trials"]) for each in run.lock()["imported"]] == [1, 1, 1]
    assert len({line for file in run.path.glob("trials/*/events.jsonl") for line in [file.read_text()]}) == 3
    assert not list(run.path.glob("trials/*/patch.diff"))


def test_a_log_of_which_one_sample_is_broken_leaves_nothing_behind(tmp_path: Path) -> None:
    data = packed({"header.json": json.dumps(HEADER).encode(), "samples/a.json": SOUND, "samples/b.json": b"[]"})
    (tmp_path / "good.json").write_bytes(changed())
    (tmp_path / "log.eval").write_bytes(data)
    run = RunFolder(tmp_path / "run")
    Intake(run).take([tmp_path / "good.json", tmp_path / "log.eval"])
    (key,) = run.keys()
    assert [path.name for path in run.path.glob("trials/*")] == [key.name]


def test_a_file_that_holds_no_trajectory_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(changed())
    intake = Intake(RunFolder(tmp_path / "run"))
    intake.take([tmp_path / "a.json"], "inspect")
    assert "holds no trajectory (inspect)" in str(intake.problems[0])


def test_a_run_of_taskfits_own_takes_no_import(tmp_path: Path) -> None:
    from runner.errors import UserError

    run = tmp_path / "run"
    run.mkdir()
    (run / "study.lock.json").write_text('{"schema": 1}')
    with pytest.raises(UserError, match="a run of taskfit's own"):
        Intake(RunFolder(run)).take([])
    (run / "study.lock.json").rename(run / "other")
    with pytest.raises(UserError, match="holds other files"):
        Intake(RunFolder(run)).take([])
