"""What a grading leaves behind: events that the measures are computed from, and files that people read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from runner.events.grading import Graded, PatchTaken, ScenarioFacts
from runner.grading.grade import Grading
from runner.messages import shorten
from runner.overlap import overlap
from runner.results import TestCounts
from runner.transcript import Transcript
from runner.trials.setting import Setting
from sandboxes.archive import Entry

SHOWN_FAILURES = 3
FAILURE_LENGTH = 2000
"""Characters of what the framework says of one failing test."""


def record(setting: Setting, grading: Grading, tests: TestCounts, transcript: Transcript) -> None:
    """The expected outcomes as an event; the whole run's output and results beside it."""
    scenario = setting.workspace.found.scenario
    wanted = {*scenario.tests.fail_to_pass, *setting.known.pass_to_pass}
    failing = [node for node in sorted(wanted) if node in grading.failures][:SHOWN_FAILURES]
    transcript.append(ScenarioFacts(locations=scenario.truth.locations, checks=scenario.checks))
    transcript.append(
        Graded(
            outcomes=dict(grading.expected(wanted)),
            canaries=grading.honesty,
            tests=tests,
            detail=shorten(grading.output[-2000:], 2000),
            failures={node: shorten(grading.failures[node], FAILURE_LENGTH) for node in failing},
            seconds=grading.seconds,
        )
    )
    folder = setting.folder / "grading"
    folder.mkdir(exist_ok=True)
    (folder / "output.txt").write_text(grading.output, encoding="utf-8", errors="replace")
    (folder / "tests.json").write_text(json.dumps(grading.outcomes, indent=1, sort_keys=True))


def write_patch(setting: Setting, kept: Mapping[str, Entry | None], transcript: Transcript) -> None:
    """The patch that is graded, as a file, and its size beside the reference's as an event."""
    workspace = setting.workspace
    patch = workspace.patch(kept)
    (setting.folder / "patch.diff").write_text(patch, encoding="utf-8", errors="surrogateescape")
    digest = hashlib.sha256(patch.encode("utf-8", "surrogateescape")).hexdigest()
    reference = changed_lines(workspace.reference_patch)
    lines = changed_lines(patch)
    shared = overlap(patch, workspace.reference_patch)
    transcript.append(PatchTaken(lines=lines, reference=reference, digest=digest, overlap=shared))


def changed_lines(patch: str) -> dict[str, int]:
    """Path → lines added and removed; a file without lines (binary, or only renamed) counts 0."""
    try:
        return {file.path: file.added + file.removed for file in PatchSet(patch)}
    except UnidiffParseError:
        return {}
