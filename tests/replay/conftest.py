"""Trials on disk, made by the agent's own loop over a sandbox of plain data: quick, and with whatever a test needs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.doubling import Suite, writer
from runner.approvers.base import Approver
from runner.approvers.policy import PolicyApprover, load_policy
from runner.approvers.scripted import Permissive
from runner.events.endings import TrialFinished
from runner.events.origins import TrialStarted
from runner.faults import faulty
from runner.faults.base import Fault
from runner.messages import SystemMessage, ToolCall, UserMessage
from runner.models.scripted import Scripted, Turn
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.runs.observer import Quiet
from runner.runs.run import Run
from runner.scenarios.catalog import load_scenario
from runner.scenarios.checkout import base_tree, changes
from runner.scenarios.scenario import Limits
from runner.studies.study import Study
from runner.tools import toolbox
from runner.tools.base import Workbench
from runner.transcript import Transcript
from runner.trials.agent import Agent, Tally
from runner.trials.gate import Gate
from runner.trials.snapshot import save
from sandboxes.archive import Entry
from sandboxes.client import Engine
from sandboxes.memory import Answer, MemorySandbox

KEY = TrialKey(scenario="doubling", model="scripted", repeat=1)
SUBMIT = ToolCall.of("s", "submit", summary="done", confidence=0.5)

MakeTrial = Callable[..., Path]
WorkThrough = Callable[..., RunFolder]


def _settled(usd: float, tokens: int) -> None:
    return None


@pytest.fixture
def make_trial(tmp_path: Path, write_scenario: Callable[..., Path]) -> MakeTrial:
    """Writes a run of one trial; returns the trial's folder."""

    def make(
        *script: Turn,
        fault: Fault | None = None,
        answer: Answer | None = None,
        approver: Approver | None = None,
        finished: bool = True,
    ) -> Path:
        found = load_scenario(write_scenario())
        run = RunFolder(tmp_path / "run")
        trial = run.trial(KEY)
        trial.mkdir(parents=True)
        digests = {"scenarios": {found.id: found.digest}}
        lock = {"schema": 1, "study": {}, "folders": {found.id: str(found.folder)}, "hashes": digests}
        run.lock_file.write_text(json.dumps(lock))
        base = base_tree(found)
        sandbox = MemorySandbox(base, answer) if answer is not None else MemorySandbox(base)
        with Transcript(trial / "events.jsonl") as transcript:
            transcript.append(TrialStarted(key=KEY, attempt=1, image="none", seed=1))
            tools, asked = faulty(fault, toolbox(), approver or Permissive(), transcript.append)
            Agent(
                model=Scripted([*script, SUBMIT]),
                tools=tools,
                gate=Gate(load_policy(), asked, transcript),
                bench=Workbench(sandbox, found.scenario.scope),
                transcript=transcript,
                limits=Limits(),
                reserve=lambda usd, tokens: _settled,
                stop=threading.Event(),
                tally=Tally(),
            ).run([SystemMessage(text="the rules"), UserMessage(text="fix it")])
            if finished:
                save(trial, changes(base, sandbox.files))
                transcript.append(TrialFinished(verdict="unresolved"))
        return trial

    return make


def file(text: str) -> Entry:
    return Entry(text.encode())


@pytest.fixture(scope="session")
def work_through(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> WorkThrough:
    """Runs models in arms on a real engine; returns the run's folder."""

    def work(*models: str, suite: Suite = "pytest", **study: object) -> RunFolder:
        root = tmp_path_factory.mktemp("recorded", numbered=True)
        policy = load_policy()
        run = Run(
            study=Study.model_validate({"models": models, "concurrency": 4} | study),
            folder=RunFolder(root / "run"),
            scenarios={"doubling": load_scenario(writer(root, suite)())},
            policy=policy,
            human=PolicyApprover(policy),
            engine=engine,
            observer=Quiet(),
        )
        run.folder.path.mkdir()
        run.plan()
        run.work()
        assert not run.problem
        return run.folder

    return work
