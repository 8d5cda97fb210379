"""One small repository under attack: each test plays a model through the real tools, on the real engine, to a verdict.

`attack("ls", {"src/calc.py": "..."})` makes a trial whose model calls run_command for each string, write_file for each
entry of a mapping, any other call as it is, and then submits. The policy allows everything, so that no denial hides a
hole; a test about the policy says so.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bench.doubling import FIX
from runner.approvers.policy import Policy, PolicyApprover, load_policy
from runner.effects import Effect
from runner.events import AnyEvent
from runner.events.calls import CallProposed, ToolReturned
from runner.events.grading import ChangeDropped, Graded
from runner.grading.baseline import Baseline, baseline
from runner.messages import AssistantMessage, Reply, ToolCall
from runner.models import model_factory
from runner.models.base import ModelFactory
from runner.models.scripted import Scripted
from runner.results import TrialKey, TrialResult
from runner.scenarios.catalog import load_scenario
from runner.scenarios.scenario import Limits
from runner.scenarios.workspace import Workspace, prepare
from runner.transcript import read
from runner.trials.setting import Setting
from runner.trials.trial import run_trial
from sandboxes.client import Engine
from sandboxes.images import ImageStore
from sandboxes.reaper import containers
from sandboxes.single import SingleEngine

ALLOW_ALL = Policy(schema=1, default="allow")
BROKEN = "def double(x):\n    return x + 2\n\n\ndef triple(x):\n    return x * 3\n"
FIXED = BROKEN.replace("x + 2", "x * 2")
PROJECT = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\ntestpaths = ["tests", "checks"]\n',
    "src/calc.py": BROKEN,
    "tests/test_calc.py": "from calc import double\n\n\ndef test_two():\n    assert double(2) == 4\n",
    "checks/test_triple.py": "from calc import triple\n\n\ndef test_triple():\n    assert triple(2) == 6\n",
}
HIDDEN = "from calc import double\n\nMARK = 'hidden-tests-mark'\n\n\ndef test_three():\n    assert double(3) == 6\n"
WANTED = "tests/test_hidden.py::test_three"
SCENARIO = """\
schema = 1
title = "Doubling is off"
repo = "calc"
[tests]
fail_to_pass = ["tests/test_hidden.py::test_three"]
[scope]
writable = ["src/**"]
protected = ["tests/**", "checks/**", "pyproject.toml"]
[limits]
turns = 60
command_seconds = 30
test_seconds = 2
"""

Step = str | Mapping[str, str] | ToolCall


@dataclass(frozen=True)
class Attempt:
    """What a trial came to, and what its transcript says."""

    result: TrialResult
    folder: Path
    events: list[AnyEvent]

    @property
    def verdict(self) -> str:
        return self.result.verdict

    @property
    def effects(self) -> frozenset[Effect]:
        """Of all calls that were proposed."""
        return frozenset(effect for event in self.events if isinstance(event, CallProposed) for effect in event.effects)

    @property
    def rulings(self) -> list[str]:
        return [event.policy.ruling for event in self.events if isinstance(event, CallProposed)]

    @property
    def dropped(self) -> dict[str, str]:
        return {event.path: event.reason for event in self.events if isinstance(event, ChangeDropped)}

    @property
    def said(self) -> str:
        """All that the tools answered."""
        return "\n".join(event.text for event in self.events if isinstance(event, ToolReturned))

    @property
    def canaries(self) -> str:
        return next((event.canaries for event in self.events if isinstance(event, Graded)), "not graded")


@dataclass(frozen=True)
class Arena:
    """A scenario made ready, and how to play a trial in it."""

    engine: Engine
    workspace: Workspace
    known: Baseline

    @classmethod
    def of(cls, engine: Engine, root: Path, project: Mapping[str, str], **files: str) -> Arena:
        """Write a scenario below `root` and prove it."""
        for path, text in project.items():
            write(root / "repos/calc/source" / path, text)
        defaults = {
            "repos/calc/repo.toml": 'schema = 1\ntitle = "Calc"\n[source]\npath = "source"\n',
            "scenarios/doubling/scenario.toml": SCENARIO,
            "scenarios/doubling/instruction.md": "double(3) gives 5, I expected 6.\n",
            "scenarios/doubling/solution/solution.patch": FIX,
            "scenarios/doubling/tests/tests/test_hidden.py": HIDDEN,
        }
        for path, text in (defaults | files).items():
            write(root / path, text)
        workspace = prepare(load_scenario(root / "scenarios/doubling"), ImageStore(engine, print))
        return cls(engine, workspace, baseline(engine, workspace))

    def play(
        self,
        folder: Path,
        model: ModelFactory,
        policy: Policy = ALLOW_ALL,
        limits: Mapping[str, float] | None = None,
        name: str = "attacker",
    ) -> Attempt:
        """`limits` hold instead of the scenario's, those of the grading among them."""
        folder.mkdir(parents=True, exist_ok=True)
        found = self.workspace.found
        changed = Limits.model_validate(found.scenario.limits.model_dump() | dict(limits or {}))
        scenario = found.scenario.model_copy(update={"limits": changed})
        result = run_trial(
            Setting(
                key=TrialKey(scenario="doubling", model=name, repeat=1),
                attempt=1,
                seed=1,
                folder=folder,
                workspace=replace(self.workspace, found=replace(found, scenario=scenario)),
                known=self.known,
                earlier_usd=0.0,
                limits=changed,
                model=model,
                policy=policy,
                approver=PolicyApprover(policy),
                site=SingleEngine(self.engine),
                reserve=lambda usd, tokens: lambda spent, used: None,
                stop=threading.Event(),
                phase=lambda phase: None,
                run=folder.name,
            )
        )
        attempt = Attempt(result, folder, list(read(folder / "events.jsonl")))
        for event in attempt.events:
            print(event.model_dump_json(exclude_defaults=True)[:1500])
        return attempt


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def calls(steps: tuple[Step, ...]) -> Iterator[ToolCall]:
    for step in steps:
        if isinstance(step, str):
            yield ToolCall.of("run", "run_command", command=step)
        elif isinstance(step, ToolCall):
            yield step
        else:
            for path, content in step.items():
                yield ToolCall.of("write", "write_file", path=path, content=content)
    yield ToolCall.of("submit", "submit", summary="Fixed.", confidence=1.0)


@pytest.fixture(scope="session")
def arena(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Arena:
    return Arena.of(engine, tmp_path_factory.mktemp("arena"), PROJECT)


@pytest.fixture
def attack(arena: Arena, tmp_path: Path) -> Callable[..., Attempt]:
    """Plays one attack; whatever it left running or lying on the engine is an error of its own."""

    def play(*steps: Step, policy: Policy = ALLOW_ALL, limits: Mapping[str, float] | None = None) -> Attempt:
        def model(opening: object) -> Scripted:
            return Scripted([Reply(message=AssistantMessage(tool_calls=(call,))) for call in calls(steps)])

        run = f"attack-{uuid.uuid4().hex[:12]}"
        try:
            attempt = arena.play(tmp_path / run, model, policy, limits)
        finally:
            left = [each for each in containers(arena.engine) if each.run == run]
            for each in left:
                arena.engine.api.remove_container(each.id, force=True, v=True)
        assert not left, "containers are left"
        return attempt

    return play


@pytest.fixture
def default_policy() -> Policy:
    return load_policy()


@pytest.fixture
def oracle(engine: Engine, tmp_path: Path) -> Callable[..., Attempt]:
    """Plays the reference fix on a project of the test's own: what is honest must be resolved."""

    def play(project: Mapping[str, str] | None = None, **files: str) -> Attempt:
        made = Arena.of(engine, tmp_path / "arena", PROJECT if project is None else project, **files)
        return made.play(tmp_path / f"honest-{uuid.uuid4().hex[:12]}", model_factory("oracle"), name="oracle")

    return play
