"""All measures over 10,000 stored trials of 60 events: what `taskfit report` needs for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import httpx

from bench.rows import Row
from runner.results import TrialKey, TrialResult
from runner.runs.folder import LOCK, RunFolder
from runner.runs.ledger import Ledger
from runner.viewer.place import Place, run_href
from runner.viewer.serving import served

SCENARIOS, MODELS, REPEATS = 100, 4, 5
ARMS = ("control", "faults_seeded", "feedback_continue", "feedback_prove_it", "approvals_must_ask")
TRIALS = SCENARIOS * MODELS * REPEATS * len(ARMS)
EVENTS = 60
SETTINGS = {
    "faults_seeded": {"faults": "seeded"},
    "feedback_continue": {"feedback": "continue"},
    "feedback_prove_it": {"feedback": "prove_it"},
    "approvals_must_ask": {"approvals": "must_ask"},
}
OUTPUT = "def total(lines):\n    return sum(line.net for line in lines)\n" * 8


def measuring() -> list[Row]:
    """A whole `taskfit report --json` in a process of its own: seconds and memory."""
    with tempfile.TemporaryDirectory() as folder:
        stored(Path(folder))
        program = str(Path(sys.executable).with_name("taskfit"))
        with Path(folder, "report.json").open("wb") as out:
            started = time.monotonic()
            process = subprocess.Popen([program, "report", folder, "--json"], stdout=out)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - started
        assert status == 0
        report = json.loads(Path(folder, "report.json").read_text())
        assert sum(model["trials"] for model in report["models"].values()) == TRIALS
        opened = _matrix(RunFolder(Path(folder)))
    what = f"report over {TRIALS:,} trials of {EVENTS} events"
    return [
        Row(what, seconds, "s", None, 30),
        Row(f"{what}: memory", usage.ru_maxrss / 1024, "MiB", None, 1000),
        Row(f"`taskfit view`: the matrix of {TRIALS:,} trials, first time", opened, "s", None, 2),
    ]


def _matrix(run: RunFolder) -> float:
    """Seconds until a server that has just begun has answered with a run's matrix."""
    with served(Place([run])) as address, httpx.Client(timeout=60) as client:
        client.get(address.url())
        started = time.monotonic()
        page = client.get(f"http://127.0.0.1:{address.port}{run_href(run.path.name)}")
        seconds = time.monotonic() - started
    assert page.text.count('<a class="chip') == TRIALS
    return seconds


def stored(folder: Path, scenarios: int = SCENARIOS) -> None:
    """A run's folder as if the trials of so many scenarios had been run."""
    run = RunFolder(folder)
    keys = [
        TrialKey(scenario=f"scenario-{scenario}", model=f"model-{model}", arm=arm, repeat=repeat)
        for scenario in range(scenarios)
        for repeat in range(1, REPEATS + 1)
        for arm in ARMS
        for model in range(MODELS)
    ]
    with closing(Ledger(run.ledger_file)) as ledger:
        ledger.plan(keys)
    (folder / LOCK).write_text(json.dumps({"schema": 1, "study": {}, "folders": {}, "hashes": {}}))
    store(run, keys)


def store(run: RunFolder, keys: Iterable[TrialKey]) -> None:
    """The folders of trials as if they had been run."""
    for number, key in enumerate(keys):
        place = run.trial(key)
        place.mkdir(parents=True)
        lines = list(_events(key, number))
        assert len(lines) == EVENTS
        numbered = (json.dumps({**line, "step": step, "at": "", "seconds": 0.1}) for step, line in enumerate(lines))
        (place / "events.jsonl").write_text("\n".join(numbered) + "\n")
        result = TrialResult(key=key, verdict="resolved" if number % 3 else "unresolved")
        (place / "result.json").write_text(result.model_dump_json(by_alias=True))


def _events(key: TrialKey, number: int) -> Iterator[dict[str, object]]:
    resolved, named = bool(number % 3), key.model_dump()
    submission = {"summary": "done", "hypotheses": [{"file": "src/a.py"}], "confidence": number % 10 / 10}
    arm = SETTINGS.get(key.arm, {})
    yield {"type": "trial_started", "key": named, "attempt": 1, "image": "i", "seed": 1, "repo": "r", "arm": arm}
    if key.arm.startswith("feedback"):
        trunk = {**named, "arm": "control"}
        yield {"type": "branched", "trunk": trunk, "trunk_step": 50, "resolved": resolved, "submission": submission}
    else:
        yield {"type": "told", "role": "system", "text": "rules"}
    yield {"type": "told", "role": "user", "text": "task"}
    for turn in range(17):
        yield from _turn(turn, number)
    yield {"type": "submitted", "submission": submission}
    if key.arm.startswith("faults"):
        kind = {"fault": "lost_edit", "visibility": "implicit", "persistence": "transient"}
        yield {"type": "fault_delivered", **kind, "tool": "edit_file", "nth": 1}
    else:
        yield {"type": "change_dropped", "path": "setup.cfg", "reason": "off limits"}
    yield {
        "type": "patch_taken",
        "lines": {"src/a.py": number % 20},
        "reference": {"src/a.py": 4},
        "digest": f"{number}",
    }
    yield {"type": "scenario_facts", "locations": ["src/a.py::total"], "checks": {}}
    tests = {"fail_to_pass": 3, "fail_to_pass_passed": 3 * resolved, "visible": 9, "visible_passed": 9}
    outcomes = {f"tests/test_a.py::test_{at}": "passed" for at in range(12)}
    yield {"type": "graded", "outcomes": outcomes, "canaries": "honest", "tests": tests}
    verdict = "resolved" if resolved else "unresolved"
    yield {"type": "trial_finished", "verdict": verdict, "times": {"model": 10.0, "total": 20.0}}


def _turn(turn: int, number: int) -> Iterator[dict[str, object]]:
    """One turn: a look, an edit or a test run, by its number."""
    call = f"c{turn}"
    tool, effect, arguments = (
        ("read_file", "read", {"path": "src/a.py", "start_line": turn}),
        ("edit_file", "edit", {"path": "src/a.py", "old": "x" * 80, "new": f"y{turn}" * 40}),
        ("run_tests", "run", {"tests": []}),
    )[turn % 3]
    spoken = {"id": call, "name": tool, "arguments": json.dumps(arguments)}
    message = {"role": "assistant", "text": "I look at the next thing.", "tool_calls": [spoken]}
    usage = {"input": 2000, "output": 100}
    yield {"type": "replied", "turn": turn + 1, "reply": {"message": message, "usage": usage, "cost_usd": 0.01}}
    policy = {"ruling": "allow", "rule": "r"}
    stands = {"authorisation": "implied", "label": "free", "answer": "approve"}
    asked: dict[str, object] = {"type": "call_proposed", "call_id": call, "tool": tool, "arguments": arguments}
    yield {**asked, "effects": [effect], "targets": ["src/a.py"], "policy": policy, "standing": stands}
    failed = (number + turn) % 7 == 0
    code = turn % 2 if tool == "run_tests" else None
    yield {
        "type": "tool_returned",
        "call_id": call,
        "tool": tool,
        "text": OUTPUT,
        "is_error": failed,
        "exit_code": code,
    }
