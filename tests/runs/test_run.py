"""Whole runs on a real engine: finished work is never lost or repeated, whatever interrupts."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.program import taskfit
from runner.approvers.policy import PolicyApprover, load_policy
from runner.errors import UserError
from runner.messages import AssistantMessage, Reply, ToolCall
from runner.models.base import Opening
from runner.models.scripted import Scripted
from runner.results import TrialKey, TrialResult
from runner.runs.budget import Budget
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger, Row
from runner.runs.reopening import reopened
from runner.runs.run import Run
from runner.runs.runlog import LOG, read_log
from runner.scenarios.catalog import load_scenario
from runner.studies.study import Study
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.errors import SandboxDied
from sandboxes.reaper import Leftover, containers

pytestmark = pytest.mark.engine

SUBMIT = ToolCall.of("s", "submit", summary="done", confidence=0.5)


class Silent:
    """An Observer that remembers."""

    def __init__(self) -> None:
        self.finished_keys: list[str] = []
        self.said: list[str] = []
        self.on_phase: Callable[[TrialKey, str], None] = lambda key, phase: None

    def planned(self, rows: list[Row]) -> None: ...

    def phase(self, key: TrialKey, phase: str) -> None:
        self.on_phase(key, phase)

    def finished(self, result: TrialResult, committed_usd: float) -> None:
        self.finished_keys.append(result.key.name)

    def released(self, key: TrialKey) -> None: ...

    def say(self, text: str) -> None:
        self.said.append(text)


def garbage(opening: Opening) -> Scripted:
    return Scripted([Reply(message=AssistantMessage(text="\x1b[2J" * 10_000, tool_calls=()))])


def ten_megabytes(opening: Opening) -> Scripted:
    return Scripted([ToolCall(id="1", name="write_file", arguments="x" * 10_000_000)])


def never_submits(opening: Opening) -> Scripted:
    return Scripted([ToolCall.of("l", "list_files")])


def crashes(opening: Opening) -> Scripted:
    raise ZeroDivisionError("a bug in somebody's model")


def priced(opening: Opening) -> Scripted:
    return Scripted([ToolCall.of("l", "list_files"), ToolCall.of("l", "list_files"), SUBMIT], usd_per_turn=0.01)


def leaves(opening: Opening) -> Scripted:
    def turn(conversation: object) -> Reply:
        sys.exit("a model that is a program of its own")

    return Scripted([turn])


def edits_after_the_end(opening: Opening) -> Scripted:
    late = "setsid bash -c 'sleep 1; echo \"def double(x): return x * 2\" > src/calc.py' >/dev/null 2>&1 &"
    return Scripted([ToolCall.of("d", "run_command", command=late), SUBMIT])


NewRun = Callable[..., tuple[Run, Silent]]


@pytest.fixture
def name() -> str:
    """The run's own: other tests may run at the same time on the same engine."""
    return f"run-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def new_run(engine: Engine, tmp_path: Path, name: str, write_scenario: Callable[..., Path]) -> NewRun:
    def make(*models: str, scenarios: dict[str, dict[str, str]] | None = None, **study: object) -> tuple[Run, Silent]:
        written = {name: write_scenario(name, **files) for name, files in (scenarios or {"doubling": {}}).items()}
        observer = Silent()
        policy = load_policy()
        run = Run(
            study=Study(models=models, **study),  # type: ignore[arg-type]
            folder=RunFolder(tmp_path / name),
            scenarios={name: load_scenario(folder) for name, folder in written.items()},
            policy=policy,
            human=PolicyApprover(policy),
            engine=engine,
            observer=observer,
        )
        run.folder.path.mkdir(exist_ok=True)
        run.plan()
        return run, observer

    return make


def verdicts(run: Run) -> dict[str, str]:
    return {result.key.model.rpartition(":")[2]: result.verdict for result in run.folder.results()}


def here(name: str) -> str:
    return f"python:{__name__}:{name}"


@pytest.fixture(autouse=True)
def importable() -> None:
    """Tests are no package; `python:` models need this module under its name."""
    sys.modules.setdefault(__name__, sys.modules[garbage.__module__])


def test_oracle_resolves_and_noop_does_not(new_run: NewRun) -> None:
    run, _ = new_run("oracle", "noop", repeats=2)
    run.work()
    assert verdicts(run) == {"oracle": "resolved", "noop": "unresolved"}
    folder = run.folder.trial(TrialKey(scenario="doubling", model="oracle", repeat=2))
    assert "return x * 2" in (folder / "patch.diff").read_text()
    assert {path.name for path in folder.iterdir()} >= {"events.jsonl", "result.json", "patch.diff", "grading"}


def test_a_replayed_run_comes_to_the_same_verdicts(new_run: NewRun, tmp_path: Path) -> None:
    first, _ = new_run("oracle")
    first.work()
    recorded = first.folder.path.rename(tmp_path / "recorded")
    second, _ = new_run(f"replay:{recorded}")
    second.work()
    assert [result.verdict for result in second.folder.results()] == ["resolved"]


def test_models_that_misbehave_get_a_verdict_and_the_others_go_on(
    new_run: NewRun,
) -> None:
    bad = ("garbage", "ten_megabytes", "never_submits", "crashes", "leaves", "edits_after_the_end")
    run, _ = new_run(*map(here, bad), "oracle")
    run.work()
    assert verdicts(run) == {
        "garbage": "agent_limit",
        "ten_megabytes": "agent_limit",
        "never_submits": "agent_limit",
        "crashes": "infra_error",
        "leaves": "infra_error",
        "edits_after_the_end": "unresolved",
        "oracle": "resolved",
    }
    assert not containers_of(run)


BROKEN = {
    "reference-does-not-apply": {
        "solution/solution.patch": "--- a/src/calc.py\n+++ b/src/calc.py\n@@ -1 +1 @@\n-nothing\n+like it\n"
    },
    "bug-does-not-apply": {"bug.patch": "garbage\n"},
    "base-passes": {"tests/tests/test_hidden.py": "def test_three():\n    pass\n"},
    "reference-fails": {"tests/tests/test_hidden.py": "def test_three():\n    assert False\n"},
    "fail-to-pass-unknown": {"tests/tests/test_hidden.py": "def test_other():\n    assert False\n"},
}
"""What is said of a scenario → what breaks it."""


def test_broken_scenarios_are_no_models_fault_and_the_others_go_on(new_run: NewRun) -> None:
    run, _ = new_run("oracle", scenarios={**BROKEN, "doubling": {}})
    run.work()
    found = {result.key.scenario: (result.verdict, result.reason.split(":")[0]) for result in run.folder.results()}
    broken: dict[str, tuple[str, str]] = {code: ("invalid_scenario", code) for code in BROKEN}
    assert found == broken | {"doubling": ("resolved", "")}


def test_an_image_that_does_not_build_explains_itself(
    new_run: NewRun, tmp_path: Path, write_scenario: Callable[..., Path]
) -> None:
    write_scenario()
    (tmp_path / "repos/calc/repo.toml").unlink()
    run, _ = new_run("oracle")
    found = run.scenarios["doubling"]
    environment = found.repo.repo.environment.model_copy(update={"install": ("echo the cause; exit 3",)})
    repo = found.repo.repo.model_copy(update={"environment": environment})
    broken = type(found)(**{**found.__dict__, "repo": type(found.repo)(**{**found.repo.__dict__, "repo": repo})})
    run.scenarios = {"doubling": broken}
    run.work()
    (result,) = run.folder.results()
    assert result.verdict == "invalid_scenario"
    assert "image-does-not-build" in result.reason and "the cause" in result.reason


def test_a_cap_is_never_passed(new_run: NewRun) -> None:
    run, _ = new_run(here("priced"), repeats=4, concurrency=4, budget=Budget(usd=0.05))
    run.work()
    ledger = Ledger(run.folder.ledger_file)
    assert ledger.committed() == pytest.approx(0.05), "5 of 12 turns at a cent each"
    assert {row.verdict for row in ledger.rows()} <= {"unresolved", None}, "a cap of the run's is no model's failure"
    [why] = run.held
    assert "0.0500 of 0.0500 USD are spent or reserved (the run)" in why
    assert run.held[why] == sum(row.state == "planned" for row in ledger.rows()) > 0
    assert run.left == "0.0000 of 0.0500 USD"


def test_a_sandbox_that_dies_is_retried_twice_and_then_an_infra_error_which_resume_can_retry(
    new_run: NewRun, engine: Engine
) -> None:
    run, observer = new_run("oracle")

    def murder(key: TrialKey, phase: str) -> None:
        if phase == "working":
            for each in containers_of(run):
                engine.api.kill(each.id)

    observer.on_phase = murder
    run.work()
    (result,) = run.folder.results()
    assert (result.verdict, result.attempt) == ("infra_error", 3)
    assert [each.kind for each in read_log(run.folder.path / LOG)] == [
        "started",
        "retried",
        "retried",
        "gave_up",
        "ended",
    ]
    again = reopened(run.folder, engine, Silent(), PolicyApprover(load_policy()))
    again.work(retry_infra=True)
    (retried,) = run.folder.results()
    assert (retried.verdict, retried.attempt) == ("resolved", 4)
    kept = [run.folder.trial(result.key) / f"attempts/{number}/events.jsonl" for number in (1, 2, 3)]
    assert all(file.is_file() for file in kept), "attempts are kept"


@pytest.mark.parametrize("when", ["preparing", "working", "grading", "ended"])
def test_a_run_waits_while_its_disk_is_full_and_loses_nothing(
    new_run: NewRun, tmp_path: Path, name: str, when: str
) -> None:
    mount = tmp_path / name
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=900k", "none", str(mount)], check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        run, observer = new_run("oracle", repeats=2, concurrency=1)
        filler = mount / "filler"
        fills = iter([True])

        def at(key: TrialKey, phase: str) -> None:
            if phase == when and next(fills, False):
                fill(filler)
                threading.Timer(3, filler.unlink).start()

        observer.on_phase = at
        told = observer.finished
        run.observer.finished = lambda result, usd: (told(result, usd), at(result.key, "ended"))  # type: ignore[method-assign,assign]
        run.work()
        assert run.problem == ""
        assert [result.verdict for result in run.folder.results()] == ["resolved", "resolved"]
        assert "free some space, and the run goes on by itself" in "".join(observer.said)
        assert {"disk_low", "disk_ok", "ended"} <= {each.kind for each in read_log(run.folder.path / LOG)}
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=False)


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as handle, contextlib.suppress(OSError):
        while True:
            handle.write(b"x" * 4096)


def test_a_folder_that_holds_a_run_is_not_overwritten(new_run: NewRun) -> None:
    run, _ = new_run("noop")
    with pytest.raises(UserError, match="taskfit resume"):
        run.plan()


def test_resume_refuses_when_something_held_constant_has_changed(new_run: NewRun, engine: Engine) -> None:
    run, _ = new_run("noop")
    instruction = run.scenarios["doubling"].folder / "instruction.md"
    instruction.write_text(instruction.read_text() + "One hint more.\n")
    with pytest.raises(UserError, match=r"scenarios\.doubling"):
        reopened(run.folder, engine, Silent(), PolicyApprover(load_policy()))


def command(*words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("taskfit")), *words]


def start(out: Path, write_scenario: Callable[..., Path], repeats: int = 4) -> subprocess.Popen[str]:
    folder = write_scenario().parent
    argv = command("run", "--model", "oracle", "--model", "noop", "--repeats", str(repeats), "--json")
    argv += ["--scenarios", str(folder), "--out", str(out)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(argv, text=True, cwd=out.parent, preexec_fn=listen, **pipes)


def listen() -> None:
    """Ctrl-C and a hang-up reach a program also where the tests themselves run in the background and ignore them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def finished(out: Path) -> dict[str, float]:
    return {file.parent.name: file.stat().st_mtime_ns for file in out.glob("trials/*/result.json")}


def containers_of(run: Run) -> list[Leftover]:
    return [each for each in containers(run.engine) if each.run == run.folder.path.name]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_goes_on_without_losing_or_repeating_a_trial(
    how: signal.Signals, tmp_path: Path, name: str, engine: Engine, write_scenario: Callable[..., Path]
) -> None:
    out = tmp_path / name
    process = start(out, write_scenario, repeats=3)
    wait_for(lambda: len(finished(out)) >= 2)
    os.kill(process.pid, how)
    _, said = process.communicate(timeout=60)
    before = finished(out)
    assert 2 <= len(before) < 6
    if how is not signal.SIGKILL:
        assert process.returncode == 130
        assert "taskfit resume" in said
        assert not [each for each in containers(engine) if each.run == name]
    resumed = taskfit("resume", str(out), "--json", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    report = json.loads(resumed.stdout)
    assert len(report["trials"]) == report["planned"] == 6
    after = finished(out)
    assert {name: after[name] for name in before} == before
    assert report["models"]["oracle"]["verdicts"] == {"resolved": 3}
    assert report["models"]["noop"]["verdicts"] == {"unresolved": 3}
    assert not [each for each in containers(engine) if each.run == name]


def test_a_second_run_in_the_same_folder_is_refused_with_the_holders_pid(
    tmp_path: Path, name: str, write_scenario: Callable[..., Path]
) -> None:
    out = tmp_path / name
    process = start(out, write_scenario, repeats=2)
    wait_for(lambda: (out / "study.lock.json").exists())
    second = taskfit("resume", str(out))
    assert second.returncode == 2
    assert str(process.pid) in second.stderr
    process.communicate(timeout=120)
    assert process.returncode == 0


def test_a_fault_in_the_choice_of_trials_stops_the_run_which_is_not_said_to_be_done(new_run: NewRun) -> None:
    run, _ = new_run("noop", repeats=2)
    with contextlib.closing(sqlite3.connect(run.folder.ledger_file)) as db:
        db.execute("UPDATE trials SET scenario = 'unknown' WHERE position = 1")
        db.commit()
    run.work()
    assert "the choice of the next trial met a fault in taskfit itself" in run.problem
    assert "ended" not in {each.kind for each in read_log(run.folder.path / LOG)}


def test_the_ledger_and_the_folders_agree_after_a_run(new_run: NewRun) -> None:
    run, observer = new_run("oracle", "noop", repeats=2)
    run.work()
    ledger = Ledger(run.folder.ledger_file)
    assert {(row.key.name, row.state, row.attempts) for row in ledger.rows()} == {
        (name, "done", 1) for name in observer.finished_keys
    }
    assert len(observer.finished_keys) == 4


def test_a_dead_sandbox_is_named_as_such(engine: Engine, base_image: str) -> None:
    with pytest.raises(SandboxDied):
        DockerSandbox(engine, "taskfit/absent:0")


def asks_for_the_answer(opening: Opening) -> Scripted:
    opening.reference()
    return Scripted([SUBMIT])


def test_the_reference_fix_is_for_oracle_alone(new_run: NewRun) -> None:
    run, _ = new_run(here("asks_for_the_answer"))
    run.work()
    [result] = run.folder.results()
    assert result.verdict == "infra_error"
    assert "for oracle alone" in result.reason


def test_an_image_that_was_built_anew_stops_a_run_that_goes_on(new_run: NewRun) -> None:
    run, _ = new_run("noop")
    ledger = Ledger(run.folder.ledger_file)
    ledger.pin_image("doubling", "sha256:another")
    ledger.close()
    run.work()
    assert "not the one that this run began with" in run.problem
    assert run.folder.results() == []


def test_a_plan_whose_process_died_before_the_lock_is_made_again(new_run: NewRun) -> None:
    run, _ = new_run("noop", "oracle")
    run.folder.lock_file.unlink()
    again = replace(run, study=Study(models=("noop",)))
    again.plan()
    again.work()
    assert verdicts(again) == {"noop": "unresolved"}
    assert len(again.folder.keys()) == 1


def test_money_of_an_attempt_that_was_lost_is_in_the_trials_result(new_run: NewRun) -> None:
    run, _ = new_run(here("priced"))
    ledger = Ledger(run.folder.ledger_file)
    [row] = ledger.rows()
    ledger.start(row.position)
    ledger.reserve(row.position, 0.25)
    ledger.close()
    run.work()
    [result] = run.folder.results()
    assert result.earlier_usd == pytest.approx(0.25)
    assert result.cost_usd == pytest.approx(0.03)
