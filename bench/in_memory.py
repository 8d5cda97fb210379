"""A run without an engine: all that the harness does for a trial is real, its sandboxes are in memory.

Scenario, gate, tools, transcript, ledger, budget and grading are those of any run. A command costs nothing and prints a
text of a usual size. A grading finds the report of a test run that broke off before its control tests, so every trial
ends as unresolved.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import docker

from runner.grading.baseline import Baseline
from runner.runs.crew import Crew
from runner.runs.ledger import Ledger
from runner.runs.preparing import Preparation
from runner.runs.run import Run
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.checkout import base_tree, changes, solved_tree
from runner.scenarios.workspace import Workspace
from sandboxes.archive import Entry
from sandboxes.base import Command, ExecResult, Sandbox, SandboxLimits
from sandboxes.memory import MemorySandbox
from sandboxes.single import SingleEngine
from sandboxes.site import Place

OUTPUT = b"".join(b"src/memo/tags.py:%d:    def entry_%d(self, key: Hashable) -> Entry:\n" % (n, n) for n in range(24))
"""What a command prints: 1.5 KB."""
NAMES = [f"test_case_{number}" for number in range(60)]
"""The tests in a report."""
REPORT = "".join(
    f'<testcase classname="tests.test_a" name="{name}" file="tests/test_a.py" time="0.01"/>' for name in NAMES
)
REPORT_OPTION = re.compile(r"--junitxml=(\S+)")
BASELINE = Baseline(frozenset(f"tests/test_a.py::{name}" for name in NAMES), {})


class NoEngine(docker.APIClient):
    """An engine that answers, and has nothing."""

    def __init__(self) -> None:
        """Connects to nothing."""

    def ping(self) -> bool:
        return True

    def containers(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        return []

    def info(self) -> dict[str, Any]:
        return {}

    def version(self, api_version: bool = True) -> dict[str, Any]:
        return {}


def answer(command: Command, files: dict[str, Entry]) -> ExecResult:
    """A graded test run leaves its report; whatever is run prints."""
    if found := REPORT_OPTION.search(" ".join(command.argv)):
        files[found[1]] = Entry(f"<testsuite>{REPORT}</testsuite>".encode())
    return ExecResult(0, OUTPUT)


CHANGES = ("plan", "start", "finish", "fail", "release", "reopen", "reserve", "settle", "begin_session", "worked")
READS = ("rows", "committed", "committed_tokens", "begun", "earlier_seconds")
"""They write what waits to be written."""
T = TypeVar("T")


@dataclass
class Writes:
    """What a ledger took."""

    commits: int = 0
    ledger_cpu: float = 0.0
    """Seconds of the threads that called it, waiting left out; whichever writes for others has their share, too."""
    ledger_wall: float = 0.0
    """Seconds, from asking for the ledger to having it on disk."""


@dataclass
class Meter:
    """Notes what each call of a ledger takes, from whichever thread."""

    ledger: Ledger
    _taken: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in (*CHANGES, *READS):
            setattr(self.ledger, name, self._noted(getattr(self.ledger, name)))

    def _noted(self, call: Callable[..., T]) -> Callable[..., T]:
        def calls(*args: Any, **named: Any) -> T:
            began, cpu = time.perf_counter(), time.thread_time()
            try:
                return call(*args, **named)
            finally:
                self._taken.append((time.thread_time() - cpu, time.perf_counter() - began))

        return calls

    def read(self, writes: Writes) -> None:
        """Add what was taken."""
        writes.commits += self.ledger.commits
        writes.ledger_cpu += sum(cpu for cpu, _ in self._taken)
        writes.ledger_wall += sum(wall for _, wall in self._taken)


@dataclass(frozen=True)
class MemoryPlace:
    """See `sandboxes.site.Place`."""

    workspace: Workspace
    grading: threading.Semaphore

    def open(
        self, limits: SandboxLimits, kind: str, *, run: str = "", trial: str = "", runtime: str | None = None
    ) -> Sandbox:
        return MemorySandbox(self.workspace.pristine, answer)


@dataclass(frozen=True)
class MemorySite(SingleEngine):
    """See `sandboxes.site.Site`; an image is a scenario's id."""

    works: Mapping[str, Workspace] = field(default_factory=dict)

    @contextlib.contextmanager
    def place(self, image: str) -> Iterator[Place]:
        yield MemoryPlace(self.works[image], self.gradings)


@dataclass
class InMemory(Run):
    """A run whose sandboxes hold their files in memory; `writes` is what its ledger took."""

    writes: Writes = field(default_factory=Writes)

    def __post_init__(self) -> None:
        self._works = {name: _workspace(found) for name, found in self.scenarios.items()}
        self.site = MemorySite(self.engine, works=self._works)
        super().__post_init__()

    def _preparation(self, crew: Crew) -> Preparation:
        usual = super()._preparation(crew)
        given = {name: value for name, value in vars(usual).items() if not name.startswith("_")}
        return _Prepared(**given, works=self._works)

    @contextlib.contextmanager
    def _closing(self, ledger: Ledger) -> Iterator[Ledger]:
        meter = Meter(ledger)
        with super()._closing(ledger) as closing:
            yield closing
        meter.read(self.writes)


@dataclass
class _Prepared(Preparation):
    """Everything is ready."""

    works: Mapping[str, Workspace] = field(default_factory=dict)

    def _prepare(self, name: str) -> tuple[Workspace, Baseline]:
        return self.works[name], BASELINE


def _workspace(found: ScenarioFolder) -> Workspace:
    """The scenario's files, and its id in the place of an image."""
    base = base_tree(found)
    return Workspace(found, found.id, base, changes(base, solved_tree(found, base)))
