"""Runs written on the fly: a folder with its lock, its ledger and a transcript a trial, as a real run leaves them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runner.approvals import Verdict as Ruled
from runner.arms import Arm, arm_name, without_events
from runner.effects import Effect
from runner.events import AnyEvent
from runner.events.calls import CallProposed, FaultDelivered, ToolReturned
from runner.events.conversation import Challenged, Replied
from runner.events.endings import Submitted, TrialFinished
from runner.events.grading import Graded, PatchTaken
from runner.events.origins import Branched, TrialStarted
from runner.messages import AssistantMessage, Reply, to_json
from runner.results import Hypothesis, Submission, TestCounts, Times, TrialKey, TrialResult, Verdict
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger


@dataclass(frozen=True)
class Planned:
    """A trial to write; `verdict` None for one that is not done."""

    scenario: str
    model: str = "m"
    verdict: Verdict | None = "resolved"
    arm: Arm = field(default_factory=Arm)
    repeat: int = 1
    repo: str = "ledger"
    confidence: float = 0.8
    usd: float = 0.0
    words: str = "an answer"
    first: bool = True
    """Whether the submission that a challenge answers was right."""

    @property
    def key(self) -> TrialKey:
        arm = arm_name(self.arm, Arm())
        return TrialKey(scenario=self.scenario, model=self.model, arm=arm, repeat=self.repeat)


WriteRun = Callable[..., RunFolder]


@pytest.fixture
def planned() -> type[Planned]:
    return Planned


@pytest.fixture
def write_run(tmp_path: Path) -> WriteRun:
    """Writes a run's folder of trials."""

    def write(trials: Iterable[Planned], name: str = "a-run") -> RunFolder:
        run = RunFolder(tmp_path / name)
        run.path.mkdir(parents=True)
        lock = {
            "schema": 1,
            "taskfit": "0.1.0",
            "engine": "Engine 27 <b>",
            "study": {"name": name, "repeats": 1, "seed": 7, "models": {}},
            "hashes": {"policy": "ab" * 32, "prompts": {"system.md": "cd" * 32}, "told": {"s": {"control": "ef" * 32}}},
        }
        run.lock_file.write_text(json.dumps(lock))
        all_trials = list(trials)
        ledger = Ledger(run.ledger_file)
        ledger.plan(each.key for each in all_trials)
        ledger.pin_image("s0", f"sha256:{'12' * 32}")
        ledger.close()
        for each in all_trials:
            if each.verdict is not None:
                _write(run.trial(each.key), each)
        return run

    return write


def _write(folder: Path, trial: Planned) -> None:
    assert trial.verdict is not None
    folder.mkdir(parents=True)
    lines = [to_json(event.model_copy(update={"step": step})) for step, event in enumerate(_events(trial))]
    (folder / "events.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    result = TrialResult(key=trial.key, verdict=trial.verdict, reason=trial.words if trial.verdict[0] == "i" else "")
    (folder / "result.json").write_bytes(to_json(result))


def _events(trial: Planned) -> list[AnyEvent]:
    assert trial.verdict is not None
    right = trial.verdict == "resolved"
    submission = Submission(
        summary=trial.words,
        hypotheses=(Hypothesis(file="src/calc.py", symbol="double", evidence_for=trial.words),),
        confidence=trial.confidence,
    )
    said = Reply(message=AssistantMessage(text=trial.words), cost_usd=trial.usd)
    counts = TestCounts(fail_to_pass=1, fail_to_pass_passed=int(right), pass_to_pass=1, pass_to_pass_passed=1)
    events: list[AnyEvent] = [
        TrialStarted(key=trial.key, attempt=1, image="image", seed=1, repo=trial.repo, arm=trial.arm),
    ]
    if trial.arm.feedback != "none":
        trunk = trial.key.model_copy(update={"arm": without_events(trial.key.arm)})
        events += [
            Branched(trunk=trunk, trunk_step=1, resolved=trial.first, submission=submission),
            Challenged(challenge=trial.arm.feedback, text=trial.words),
        ]
    events += [
        Replied(turn=1, reply=said),
        _call("1", "run_tests", {}, Effect.RUN),
        ToolReturned(call_id="1", tool="run_tests", text=trial.words, exit_code=1),
        _call("2", "write_file", {"path": "src/calc.py", "content": trial.words}, Effect.EDIT),
        ToolReturned(call_id="2", tool="write_file", text=trial.words),
    ]
    if trial.arm.faults != "none":
        events.append(
            FaultDelivered(fault="lost_edit", visibility="implicit", persistence="transient", tool="write_file", nth=1)
        )
    events += [
        Submitted(submission=submission),
        PatchTaken(lines={"src/calc.py": 2}, reference={"src/calc.py": 2}, digest=str(right)),
        Graded(outcomes={"tests/t.py::test": "passed" if right else "failed"}, canaries="honest", tests=counts),
        TrialFinished(
            verdict=trial.verdict, times=Times(model=3, tool=2, sandbox=1, grading=1, total=7.5), reason=trial.words
        ),
    ]
    return events


def _call(name: str, tool: str, arguments: dict[str, str], effect: Effect) -> CallProposed:
    return CallProposed(
        call_id=name,
        tool=tool,
        arguments=arguments,
        effects=(effect,),
        targets=("src/calc.py",),
        policy=Ruled(ruling="allow", rule="allowed"),
    )
