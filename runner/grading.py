"""Grading: the model's changes, as data, on a pristine tree in a sandbox of their own, judged by hidden tests.

The verdict is the runner's. A test process can print or write anything, so a grading is believed only when two
canary tests, whose names nobody knew before, came out as they must: one passes, one fails.
"""

from __future__ import annotations

import fnmatch
import posixpath
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from runner.junit import TestOutcome, outcomes
from runner.messages import shorten
from runner.results import TestCounts
from runner.scenario import Scope
from runner.workspace import Workspace
from sandboxes.archive import Entry, Tree, leads_inside
from sandboxes.base import Command, Sandbox, SandboxLimits
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox

REPORTS = "/home/agent/report"
HARNESS_FILES = (
    "conftest.py",
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
    "sitecustomize.py",
    "usercustomize.py",
    "*.pth",
)
"""Files that steer the test runner: they stay pristine unless the reference fix changes them."""
GENERATED = ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", "*.pyc", ".coverage")
"""What tools leave behind and no diff should show."""

Canaries = Literal["honest", "missing", "lying"]
"""Both as they must be; not both there; or the one that must fail was reported as passed."""

Changes = Mapping[str, Entry | None]
"""Path → new entry, None where it is deleted."""


@dataclass(frozen=True)
class Grading:
    """What one grading found."""

    outcomes: dict[str, TestOutcome]
    """Every reported test but the canaries."""
    canaries: Canaries
    output: str
    """The end of the test run's output."""
    seconds: float

    def expected(self, ids: Collection[str]) -> dict[str, TestOutcome]:
        """The outcome of each expected id; one that was not reported is `missing`."""
        return {node: self.outcomes.get(node, "missing") for node in sorted(ids)}


def acceptable(
    changes: Changes, scope: Scope, reference: Collection[str]
) -> tuple[dict[str, Entry | None], dict[str, str]]:
    """The changes that grading takes over, and why it leaves the others out."""
    kept: dict[str, Entry | None] = {}
    dropped: dict[str, str] = {}
    for path, entry in changes.items():
        if _any(GENERATED, path):
            continue
        if scope.covers(path) == "protected" and path not in reference:
            dropped[path] = "protected; the pristine file is used"
        elif _harness(path) and path not in reference:
            dropped[path] = "steers the test runner; the pristine file is used"
        elif entry is not None and entry.is_link and not leads_inside(path, _target(entry)):
            dropped[path] = f"a link that leads outside ({shorten(_target(entry), 100)})"
        else:
            kept[path] = entry
    return kept, dropped


def grade(
    engine: Engine, workspace: Workspace, changes: Changes, *, run: str = "", runtime: str | None = None
) -> Grading:
    """Grade changes that are acceptable. Raises the sandbox's errors."""
    started = time.monotonic()
    limits = SandboxLimits(cpus=2.0)
    with DockerSandbox(engine, workspace.image, limits, kind="grading", run=run, runtime=runtime) as sandbox:
        return _judge(sandbox, workspace, changes, started)


def _judge(sandbox: Sandbox, workspace: Workspace, changes: Changes, started: float) -> Grading:
    found = workspace.found
    canary = _Canary.draw(posixpath.dirname(found.scenario.tests.fail_to_pass[0].split("::")[0]))
    overlay: dict[str, Entry] = {path: entry for path, entry in changes.items() if entry is not None}
    overlay |= dict(found.hidden) | canary.files
    sandbox.place(
        _without_conflicts(overlay, [*found.hidden, *canary.files]),
        delete=[path for path, entry in changes.items() if entry is None or path in workspace.pristine],
    )
    report = f"{REPORTS}/{secrets.token_hex(8)}.xml"
    repo = found.repo.repo
    targets = [*repo.tests.paths, *sorted(canary.files)] if repo.tests.paths else []
    argv = ["python", "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "--maxfail=0"]
    argv += ["--continue-on-collection-errors", f"--timeout={found.scenario.limits.test_seconds:g}"]
    argv += ["-o", "junit_family=xunit1", f"--junitxml={report}", *repo.tests.args, *targets]
    seconds = found.scenario.limits.command_seconds
    command = Command(argv, env=repo.environment.variables, timeout=seconds, output_limit=16 * 1024)
    ran = sandbox.exec(command)
    reported = _report(sandbox, report)
    honesty = canary.judge(reported)
    output = ran.text if not ran.timed_out else f"{ran.text}\n(killed after {seconds:g} s)"
    return Grading(
        outcomes={node: outcome for node, outcome in reported.items() if node not in canary.nodes},
        canaries=honesty,
        output=output,
        seconds=time.monotonic() - started,
    )


def counts(workspace: Workspace, grading: Grading, pass_to_pass: Collection[str]) -> TestCounts:
    """Results by group."""
    first = grading.expected(workspace.found.scenario.tests.fail_to_pass)
    rest = grading.expected(pass_to_pass)
    return TestCounts(
        fail_to_pass=len(first),
        fail_to_pass_passed=sum(outcome == "passed" for outcome in first.values()),
        pass_to_pass=len(rest),
        pass_to_pass_passed=sum(outcome == "passed" for outcome in rest.values()),
        missing=sum(outcome == "missing" for outcome in (*first.values(), *rest.values())),
    )


def _report(sandbox: Sandbox, report: str) -> dict[str, TestOutcome]:
    """The report out of the stopped sandbox: nothing can change it any more."""
    folder, name = report.rsplit("/", 1)
    try:
        entry = sandbox.export(folder).get(name)
    except FileNotFoundError:
        return {}
    return outcomes(entry.data) if entry is not None and not entry.is_link else {}


@dataclass(frozen=True)
class _Canary:
    """Two tests drawn for one grading."""

    files: dict[str, Entry]
    passing: str
    failing: str

    @classmethod
    def draw(cls, folder: str) -> _Canary:
        file = posixpath.join(folder, f"test_{secrets.token_hex(6)}.py")
        passing, failing = f"test_{secrets.token_hex(6)}", f"test_{secrets.token_hex(6)}"
        source = f"def {passing}():\n    assert True\n\n\ndef {failing}():\n    assert False\n"
        return cls({file: Entry(source.encode())}, f"{file}::{passing}", f"{file}::{failing}")

    @property
    def nodes(self) -> tuple[str, str]:
        return self.passing, self.failing

    def judge(self, reported: Mapping[str, TestOutcome]) -> Canaries:
        if reported.get(self.failing) == "passed":
            return "lying"
        if reported.get(self.passing) == "passed" and reported.get(self.failing) == "failed":
            return "honest"
        return "missing"


def _without_conflicts(tree: Tree, ours: Collection[str]) -> dict[str, Entry]:
    """`tree` without the model's entries that stand where a folder of ours must be, or below a file of ours."""
    folders = {parent for path in ours for parent in _parents(path)}
    mine = set(ours)
    return {
        path: entry
        for path, entry in tree.items()
        if path in mine or (path not in folders and not mine.intersection(_parents(path)))
    }


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _any(globs: Collection[str], path: str) -> bool:
    return any(fnmatch.fnmatchcase(part, glob) for part in path.split("/") for glob in globs)


def _harness(path: str) -> bool:
    return any(fnmatch.fnmatchcase(posixpath.basename(path), glob) for glob in HARNESS_FILES)


def _target(entry: Entry) -> str:
    return entry.data.decode("utf-8", "replace")
