"""Grading: the model's changes, as data, on a pristine tree in a sandbox of their own, judged by hidden tests.

The verdict is the runner's. A test process can print or write anything, so a grading is believed only when its control
tests (`runner.grading.controls`), whose names nobody knew before, came out as they must.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from runner.grading.acceptance import Changes, without_conflicts
from runner.grading.controls import Controls, Foils, Honesty, draw
from runner.grading.junit import TestOutcome, failures, outcomes, slowest
from runner.results import TestCounts
from runner.scenarios.workspace import Workspace
from sandboxes.archive import Entry
from sandboxes.base import Command, Sandbox, SandboxLimits
from sandboxes.errors import ArchiveRefused

LIMITS = SandboxLimits(cpus=2.0)
REPORTS = "/home/agent/report"


@dataclass(frozen=True)
class Grading:
    """What one grading found."""

    outcomes: dict[str, TestOutcome]
    """Every reported test but the controls; a fail-to-pass test passes only where its copy does."""
    honesty: Honesty
    why: str
    """The sentence behind `honesty`; empty for an honest run."""
    output: str
    """The end of the test run's output."""
    seconds: float
    slowest: float
    """Seconds that the longest test took; 0 where its framework does not tell."""
    controls: Controls
    reported: dict[str, TestOutcome]
    """Every reported test, the controls included."""
    failures: dict[str, str]
    """What the framework says of each test that failed."""
    timed_out: bool = False
    """Whether time was up before its tests were through, or those of a run in whose place it stands."""

    def expected(self, ids: Collection[str]) -> dict[str, TestOutcome]:
        """The outcome of each expected id; one that was not reported is `missing`."""
        return {node: self.outcomes.get(node, "missing") for node in sorted(ids)}


def grade(sandbox: Sandbox, workspace: Workspace, changes: Changes, foils: Foils | Literal["all"]) -> Grading:
    """Grade changes that are acceptable in a fresh sandbox of the workspace's image. Raises the sandbox's errors."""
    started = time.monotonic()
    found = workspace.found
    tree = {**workspace.pristine, **found.hidden}
    controls = draw(tree, found.scenario.tests.fail_to_pass, foils, found.framework)
    ours = {**found.hidden, **controls.files}
    overlay: dict[str, Entry] = {path: entry for path, entry in changes.items() if entry is not None}
    sandbox.place(
        without_conflicts({**overlay, **ours}, ours),
        delete=[path for path, entry in changes.items() if entry is None or path in workspace.pristine],
    )
    report = f"{REPORTS}/{secrets.token_hex(8)}.xml"
    seconds = found.scenario.limits.command_seconds
    variables = found.repo.repo.environment.variables
    argv = _command(workspace, report, controls)
    ran = sandbox.exec(Command(argv, env=variables, timeout=seconds, output_limit=16 * 1024))
    sandbox.resolve([REPORTS])  # raises where the sandbox itself is dying, and took the tests along
    xml = _report(sandbox, report)
    reported = outcomes(xml)
    honesty, why = controls.honesty(reported)
    return Grading(
        outcomes=controls.outcomes(reported),
        honesty=honesty,
        why=why,
        output=ran.text if not ran.timed_out else f"{ran.text}\n(killed after {seconds:g} s)",
        seconds=time.monotonic() - started,
        slowest=slowest(xml),
        timed_out=ran.timed_out,
        controls=controls,
        reported=reported,
        failures=failures(xml),
    )


def _command(workspace: Workspace, report: str, controls: Controls) -> list[str]:
    """The whole suite; where a repo names paths, the tests that decide and the controls beside them."""
    found = workspace.found
    deciding = {node.split("::")[0] for node in found.scenario.tests.fail_to_pass}
    more = sorted({*deciding, *controls.files})
    return found.framework.graded(found.repo.repo.tests, more, report, found.scenario.limits.test_seconds)


def counts(workspace: Workspace, grading: Grading, pass_to_pass: Collection[str]) -> TestCounts:
    """Results by group."""
    first = grading.expected(workspace.found.scenario.tests.fail_to_pass)
    rest = grading.expected(pass_to_pass)
    hidden = workspace.found.hidden
    visible = [outcome for node, outcome in (first | rest).items() if node.split("::")[0] not in hidden]
    return TestCounts(
        fail_to_pass=len(first),
        fail_to_pass_passed=sum(outcome == "passed" for outcome in first.values()),
        pass_to_pass=len(rest),
        pass_to_pass_passed=sum(outcome == "passed" for outcome in rest.values()),
        visible=len(visible),
        visible_passed=sum(outcome == "passed" for outcome in visible),
        missing=sum(outcome == "missing" for outcome in (*first.values(), *rest.values())),
    )


def _report(sandbox: Sandbox, report: str) -> bytes:
    """The report out of the stopped sandbox, where nothing can change it any more; empty for one beyond all measure."""
    folder, name = report.rsplit("/", 1)
    try:
        entry = sandbox.export(folder).get(name)
    except (FileNotFoundError, ArchiveRefused):
        return b""
    return entry.data if entry is not None and not entry.is_link else b""
