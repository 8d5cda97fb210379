"""What the graders took, knew and found; no model sees any of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from runner.events.base import Event
from runner.messages import Frozen
from runner.results import TestCounts
from runner.scenarios.scenario import Checks


class ChangeDropped(Event):
    """A change of the model's that grading does not take over."""

    type: Literal["change_dropped"] = "change_dropped"
    path: str
    reason: str


class Overlap(Frozen):
    """How much of the reference fix a patch repeats (`runner.overlap`)."""

    verbatim: float = Field(ge=0, le=1)
    """Of the lines that the reference adds and that hold a word, the share that the patch adds as well, but for white
    space."""
    tokens: float = Field(ge=0, le=1)
    """Tokens that both add in the same order, of those of both: twice their number ÷ all. In transcripts of earlier
    versions, of the reference's alone."""


class PatchTaken(Event):
    """The size of what was graded, and of the reference fix: changed lines by file (added and removed together)."""

    type: Literal["patch_taken"] = "patch_taken"
    lines: dict[str, int]
    reference: dict[str, int]
    digest: str = ""
    """SHA-256 of the patch."""
    overlap: Overlap | None = None
    """With the reference fix; None where one of them adds no line, and in transcripts from before it was kept."""


class ScenarioFacts(Event):
    """What only the graders know and the measures need; written once the agent has stopped."""

    type: Literal["scenario_facts"] = "scenario_facts"
    locations: tuple[str, ...]
    """Where the fault is: `file::qualified.symbol`."""
    checks: Checks


class Graded(Event):
    type: Literal["graded"] = "graded"
    outcomes: dict[str, str]
    """Expected node id to passed, failed, error, skipped or missing."""
    canaries: Literal["honest", "missing", "lying"]
    tests: TestCounts | None = None
    """The outcomes by group; None in transcripts from before they were kept."""
    detail: str = ""
    """The end of the test run's output, where it explains a failure."""
    failures: dict[str, str] = Field(default_factory=dict)
    """What the framework says of the first expected tests that failed."""


ProbeKind = Literal["localise", "complete", "files", "canary"]
"""What a model is asked without tools: where the fault is, the rest of the fix, the repository's files, the canary."""


class Probed(Event):
    """What an answer to a blind probe was worth (`runner.probes`)."""

    type: Literal["probed"] = "probed"
    probe: ProbeKind
    scores: dict[str, float]
    """Name → 0 to 1."""
