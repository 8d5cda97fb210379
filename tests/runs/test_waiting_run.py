"""A real run whose trials wait for a person, as real processes: others work meanwhile, answers come from elsewhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench import program
from runner.approvers.questions import Questions
from runner.runs.ledger import Ledger
from runner.transcript import read

pytestmark = pytest.mark.engine
PROGRAM = str(Path(sys.executable).with_name("taskfit"))
ROOT = Path(__file__).parents[2]
ASKER = """\
from runner.messages import ToolCall
from runner.models.scripted import Scripted

def asks(opening):
    install = ToolCall.of("i", "run_command", command="pip install left-pad")
    return Scripted([install, ToolCall.of("s", "submit", summary="done", confidence=0.5)])
"""


def taskfit(*words: str) -> subprocess.CompletedProcess[str]:
    return program.taskfit(*words)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A name of its own: other tests may use the engine meanwhile."""
    return tmp_path / f"wait-{uuid.uuid4().hex[:8]}"


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path, out: Path, write_scenario: Callable[..., Path]) -> Iterator[Start]:
    (tmp_path / "asker.py").write_text(ASKER)
    started: list[subprocess.Popen[str]] = []

    def begin(repeats: int, queue: str, approver: str = "queue") -> subprocess.Popen[str]:
        study = tmp_path / "study.toml"
        study.write_text(
            f'schema = 1\nname = "wait"\nmodels = ["python:asker:asks", "noop"]\napprover = "{approver}"\n'
            f'scenarios = ["{write_scenario().parent}"]\nrepeats = {repeats}\nconcurrency = 2\n[queue]\n{queue}\n'
        )
        process = subprocess.Popen(
            [PROGRAM, "run", str(study), "--out", str(out), "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=200)


def until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 400
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def done(out: Path) -> Counter[str]:
    return Counter(file.parent.name.split(".")[1].split("-")[0] for file in out.glob("trials/*/result.json"))


def test_trials_that_wait_leave_their_places_to_others_and_end_once_they_are_answered(start: Start, out: Path) -> None:
    process = start(6, "seconds = 300\nopen = 8")
    until(lambda: done(out)["noop"] == 6 and len(Questions(out).waiting()) == 6, process)
    assert done(out) == {"noop": 6}, "six wait, more than there are places, and all others are done"
    listed = json.loads(taskfit("approvals", str(out), "--json").stdout)
    assert {each["request"]["action"]["arguments"]["command"] for each in listed} == {"pip install left-pad"}
    shown = taskfit("approvals", str(out)).stdout
    assert listed[0]["id"] in shown and "6 waiting" in shown
    ids = [each["id"] for each in listed]
    assert taskfit("approvals", str(out), "approve", *ids[:2]).returncode == 0
    assert taskfit("approvals", str(out), "deny", *ids[2:], "--reason", "no network here").returncode == 0
    again = taskfit("approvals", str(out), "approve", ids[5])
    assert again.returncode == 2 and "answered before: deny by human" in again.stderr
    _, said = process.communicate(timeout=800)
    assert process.returncode == 0, said
    decided = [
        event.decision for file in out.glob("trials/*/events.jsonl") for event in read(file) if event.type == "decided"
    ]
    assert Counter(each.outcome for each in decided) == {"approve": 2, "deny": 4}
    times = [json.loads(file.read_text())["times"] for file in out.glob("trials/*asker*/result.json")]
    assert all(each["approval"] > each["model"] for each in times), "waiting is no model's time"
    assert all(0 < each["people"] <= each["approval"] for each in times)
    ledger = Ledger(out / "ledger.sqlite")
    took = sum(seconds for key, seconds in ledger.durations() if key.model != "noop")
    ledger.close()
    assert took == pytest.approx(sum(each["total"] - each["people"] for each in times)), "nor what a trial takes"
    gone = taskfit("approvals", str(out), "approve", ids[0])
    assert gone.returncode == 2 and "nobody waits" in gone.stderr


def test_no_more_trials_are_open_than_the_study_says(start: Start, out: Path) -> None:
    process = start(4, "seconds = 300\nopen = 3")
    until(lambda: len(Questions(out).waiting()) == 3, process)
    time.sleep(2)
    assert len(Questions(out).waiting()) == 3
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=400)
    assert process.returncode == 130
    assert Questions(out).waiting() == []
    ledger = Ledger(out / "ledger.sqlite")
    assert all(row.state != "running" for row in ledger.rows())
    ledger.close()


def test_nobody_answers_and_the_night_goes_on(start: Start, out: Path) -> None:
    process = start(2, 'seconds = 0.5\notherwise = "deny"', approver="human")
    _, said = process.communicate(timeout=800)
    assert process.returncode == 0, said
    assert done(out).total() == 4
    counts = [json.loads(file.read_text())["counts"] for file in out.glob("trials/*asker*/result.json")]
    assert [(each["asked"], each["denied"]) for each in counts] == [(1, 1), (1, 1)]
