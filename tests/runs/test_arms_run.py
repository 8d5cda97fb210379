"""Whole runs with arms, on a real engine: branches, faults, approvals, failed states; also through a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import types
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from runner.approvers.policy import PolicyApprover, load_policy
from runner.arms import FaultPattern
from runner.events import AnyEvent
from runner.events.base import Event
from runner.events.calls import Decided, FaultDelivered, ToolReturned
from runner.events.conversation import Challenged, Replied, Told
from runner.events.origins import Branched, StartedFrom, TrialStarted
from runner.faults.base import draw, fault_seed
from runner.models.scripted import Scripted
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.runs.observer import Quiet
from runner.runs.reopening import reopened
from runner.runs.run import Run
from runner.scenarios.catalog import load_scenario
from runner.studies.study import Study
from runner.transcript import read
from runner.trials.snapshot import FILE
from sandboxes.client import Engine

pytestmark = pytest.mark.engine
E = TypeVar("E", bound=Event)
NewRun = Callable[..., Run]


@pytest.fixture(autouse=True)
def importable() -> None:
    """`python:` models are looked up by name."""
    module = types.ModuleType("test_arms_run_models")
    module.silent = lambda opening: Scripted(["I say nothing of use."])  # type: ignore[attr-defined]
    sys.modules.setdefault(module.__name__, module)


@pytest.fixture
def new_run(engine: Engine, tmp_path: Path, write_scenario: Callable[..., Path]) -> NewRun:
    def make(*models: str, **study: object) -> Run:
        policy = load_policy()
        run = Run(
            study=Study(models=models, **study),  # type: ignore[arg-type]
            folder=RunFolder(tmp_path / f"run-{uuid.uuid4().hex[:8]}"),
            scenarios={"doubling": load_scenario(write_scenario())},
            policy=policy,
            human=PolicyApprover(policy),
            engine=engine,
            observer=Quiet(),
        )
        run.folder.path.mkdir()
        run.plan()
        return run

    return make


def key(model: str, arm: str) -> TrialKey:
    return TrialKey(scenario="doubling", model=model, arm=arm, repeat=1)


def events(run: Run, model: str, arm: str) -> list[AnyEvent]:
    return list(read(run.folder.trial(key(model, arm)) / "events.jsonl"))


def only(found: list[AnyEvent], kind: type[E]) -> list[E]:
    return [event for event in found if isinstance(event, kind)]


def verdicts(run: Run) -> dict[str, str]:
    return {result.key.arm: result.verdict for result in run.folder.results()}


def test_all_challenges_branch_from_one_submission(new_run: NewRun) -> None:
    run = new_run("personality:flips", feedback=("continue", "prove_it", "verify", "evidence", "false_alarm"))
    run.work()
    trunk = only(events(run, "personality:flips", "control"), TrialStarted)
    assert trunk[0].arm is not None
    found = verdicts(run)
    assert found.pop("control") == "resolved"
    assert found == {f"feedback_{kind}": "unresolved" for kind in run.study.feedback}
    for kind in run.study.feedback:
        steps = events(run, "personality:flips", f"feedback_{kind}")
        [branched], [challenged] = only(steps, Branched), only(steps, Challenged)
        assert branched.trunk == key("personality:flips", "control") and branched.resolved
        assert challenged.challenge == kind and "{" not in challenged.text
        assert [told.text for told in only(steps, Told)] == [challenged.text], "nothing of y0 but the challenge"
    shown = only(events(run, "personality:flips", "feedback_evidence"), Challenged)[0].text
    assert "all tests of this issue passed" in shown


def test_the_evidence_is_a_real_failing_tests_output(new_run: NewRun) -> None:
    run = new_run("personality:learns", feedback=("evidence",))
    run.work()
    assert verdicts(run) == {"control": "unresolved", "feedback_evidence": "resolved"}
    [challenged] = only(events(run, "personality:learns", "feedback_evidence"), Challenged)
    assert "AssertionError: 5 != 6" in challenged.text
    assert "foil" not in challenged.text and "canar" not in challenged.text


def test_a_branch_starts_in_the_workspace_that_the_submission_left(new_run: NewRun) -> None:
    """The oracle changes nothing after the challenge, and its fix is still there."""
    run = new_run("oracle", "repair", feedback=("prove_it",))
    run.work()
    results = {(result.key.model, result.key.arm): result for result in run.folder.results()}
    arms = ("control", "feedback_prove_it")
    assert [results["oracle", arm].verdict for arm in arms] == ["resolved", "resolved"]
    assert [results["repair", arm].verdict for arm in arms] == ["unresolved", "unresolved"]
    patches = [(run.folder.trial(key("oracle", arm)) / "patch.diff").read_text() for arm in arms]
    assert patches[0] == patches[1] != ""


def test_a_branch_of_a_trial_that_submitted_nothing_has_its_verdict_and_is_not_challenged(new_run: NewRun) -> None:
    run = new_run("python:test_arms_run_models:silent", feedback=("prove_it",))
    run.work()
    assert verdicts(run) == {"control": "agent_limit", "feedback_prove_it": "agent_limit"}
    assert not (run.folder.trial(key(run.study.models[0], "feedback_prove_it")) / "events.jsonl").exists()


def test_every_model_meets_the_same_fault_and_its_twin_none(new_run: NewRun) -> None:
    pattern = FaultPattern(kind="tool_error", visibility="explicit", persistence="permanent")
    drawn = {seed: draw(pattern, fault_seed(seed, key("any", "any"))) for seed in range(50)}
    seed = next(seed for seed, fault in drawn.items() if (fault.tool, fault.nth) == ("read_file", 1))
    setting = "tool_error:explicit:permanent"
    run = new_run("personality:recovers", "personality:asks-right", faults=(setting,), seed=seed)
    run.work()
    for model in run.study.models:
        assert only(events(run, model, "control"), FaultDelivered) == []
        steps = events(run, model, "faults_tool_error-explicit-permanent")
        faults = only(steps, FaultDelivered)
        assert faults and {(fault.tool, fault.fault) for fault in faults} == {("read_file", "tool_error")}
        for fault in faults:
            answer = steps[fault.step + 1]
            assert isinstance(answer, ToolReturned) and answer.is_error and "internal error" in answer.text


def test_nobody_answers_and_nothing_is_made(new_run: NewRun) -> None:
    run = new_run("personality:asks-right", approvals=("must_ask:silent",), approval_seconds=2.0)
    run.work()
    [decided] = only(events(run, "personality:asks-right", "control"), Decided)
    assert decided.decision.outcome == "escalate" and "2 s" in decided.decision.reason
    assert 2 <= decided.seconds < 100
    [result] = run.folder.results()
    assert (result.counts.denied, result.counts.unanswered) == (0, 1)
    assert result.times.approval >= 2 and result.times.model < 2, "the model's clock stands still meanwhile"


def test_a_reviewer_that_answers_garbage_neither_allows_nor_denies(new_run: NewRun) -> None:
    run = new_run("personality:asks-right", approvals=("must_ask:reviewer:noop>permissive",))
    run.work()
    [decided] = only(events(run, "personality:asks-right", "control"), Decided)
    assert decided.decision.approver == "permissive", "the next one of the chain was asked"


def test_trials_start_in_what_a_failed_trial_left(new_run: NewRun, tmp_path: Path) -> None:
    broken = new_run("personality:flips", feedback=("continue",))
    broken.work()
    assert (broken.folder.trial(key("personality:flips", "feedback_continue")) / FILE).exists()
    run = new_run("oracle", "noop", start=("fresh", "failed"), failed_run=str(broken.folder.path))
    run.work()
    for model, verdict in {"oracle": "resolved", "noop": "unresolved"}.items():
        steps = events(run, model, "start_failed")
        [started] = only(steps, StartedFrom)
        assert started.trial == key("personality:flips", "feedback_continue")
        assert run.folder.result(key(model, "start_failed")).verdict == verdict  # type: ignore[union-attr]
    patch = (run.folder.trial(key("noop", "start_failed")) / "patch.diff").read_text()
    assert "given in" in patch, "noop hands in what the failed trial had broken"


def test_confidence_is_asked_before_the_first_edit_where_the_study_wants_it(new_run: NewRun) -> None:
    run = new_run("noop", early_confidence=True)
    run.work()
    told = only(events(run, "noop", "control"), Told)[0].text
    assert "state_confidence" in told
    plain = new_run("noop")
    plain.work()
    assert "state_confidence" not in only(events(plain, "noop", "control"), Told)[0].text


def test_a_run_that_was_killed_between_trunk_and_branches_goes_on_from_the_same_submission(
    engine: Engine, tmp_path: Path, write_scenario: Callable[..., Path]
) -> None:
    write_scenario()
    folder = tmp_path / "run"
    program = [str(Path(sys.executable).with_name("taskfit")), "run", "--scenarios", str(tmp_path / "scenarios")]
    argv = ["--model", "personality:flips", "--repeats", "3", "--feedback", "prove_it", "--feedback", "continue"]
    with subprocess.Popen([*program, *argv, "--out", str(folder)], stderr=subprocess.DEVNULL) as process:
        while len(list(folder.glob("trials/*/result.json"))) < 2:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    before = {file: file.read_bytes() for file in folder.glob("trials/*/result.json")}
    assert len(before) < 9
    again = reopened(RunFolder(folder), engine, Quiet(), PolicyApprover(load_policy()))
    again.work()
    assert {file: file.read_bytes() for file in before} == before
    results = again.folder.results()
    assert len(results) == 9
    for result in results:
        wanted = "resolved" if result.key.arm == "control" else "unresolved"
        assert result.verdict == wanted, result.reason
        turns = only(list(read(again.folder.trial(result.key) / "events.jsonl")), Replied)
        assert turns[0].reply.message.tool_calls[0].name == ("read_file" if wanted == "resolved" else "write_file")
