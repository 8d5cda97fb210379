"""A run without an engine: all that the harness does for a trial is real, its sandboxes are in memory.

Scenario, gate, tools, transcript, ledger, budget and grading are those of any run. A command costs nothing and prints a
text of a usual size. A grading finds the report of a test run that broke off before its control tests, so every trial
ends as unresolved.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import docker

from runner.baseline import Baseline
from runner.catalog import ScenarioFolder
from runner.checkout import base_tree, changes, solved_tree
from runner.crew import Crew
from runner.ledger import Ledger
from runner.preparing import Preparation
from runner.run import Run
from runner.workspace import Workspace
from sandboxes.archive import Entry
from sandboxes.base import Command, ExecResult, Sandbox
from sandboxes.client import Engine
from sandboxes.memory import MemorySandbox

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
T = TypeVar("T")


@dataclass
class Writes:
    """What a ledger's changes took."""

    commits: int = 0
    ledger_cpu: float = 0.0
    """Seconds of the threads that made them, waiting left out."""
    ledger_wall: float = 0.0
    """Seconds, from asking for the ledger to having it on disk."""


class MeteredLedger(Ledger):
    """A ledger that notes what each change of it takes, whichever thread makes it."""

    def __init__(self, file: Path, writes: Writes) -> None:
        self._writes = writes
        super().__init__(file)
        self._db.set_trace_callback(self._traced)
        for name in CHANGES:
            setattr(self, name, self._metered(getattr(self, name)))

    def _traced(self, statement: str) -> None:
        self._writes.commits += statement == "COMMIT"

    def _metered(self, change: Callable[..., T]) -> Callable[..., T]:
        def metered(*args: Any, **named: Any) -> T:
            began, cpu = time.perf_counter(), time.thread_time()
            try:
                return change(*args, **named)
            finally:
                taken = time.thread_time() - cpu, time.perf_counter() - began
                with self._queue:
                    self._writes.ledger_cpu += taken[0]
                    self._writes.ledger_wall += taken[1]

        return metered


@dataclass
class InMemory(Run):
    """A run whose sandboxes hold their files in memory; `writes` is what its ledger took."""

    writes: Writes = field(default_factory=Writes)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._works = {name: _workspace(found) for name, found in self.scenarios.items()}

        def sandbox(_: Engine, image: str, *__: object, **___: object) -> Sandbox:
            return MemorySandbox(self._works[image].pristine, answer)

        self._stage = replace(self._stage, sandbox=sandbox)

    def _preparation(self, crew: Crew) -> Preparation:
        usual = super()._preparation(crew)
        given = {name: value for name, value in vars(usual).items() if not name.startswith("_")}
        return _Prepared(**given, works=self._works)

    @contextlib.contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        with contextlib.closing(MeteredLedger(self.folder.ledger_file, self.writes)) as ledger:
            yield ledger


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
