"""What every format shares: what an exporter is given and an importer gives, and what a format could not hold.

An exporter is a function from trials to named files; it hands each event that its format has no field for to `Losses`.
An importer is a function from one `Source` to the trials in it; whatever the file does not tell stays absent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol

from runner.events import AnyEvent
from runner.events.endings import TrialFinished
from runner.events.origins import Data, TrialStarted
from runner.measures.record import Record, record
from runner.results import TrialKey

ExportFormat = Literal["atif", "inspect", "sweagent", "mini", "otel"]
ImportFormat = Literal["atif", "inspect", "sweagent", "mini"]

LOST = "lost.json"
"""Beside the files of an export: what they could not hold."""
LABELS = {
    "trial_started": "trial headers (image, seed, arm)",
    "imported": "notes on where a trial was imported from",
    "branched": "branches from another trial's submission",
    "started_from": "starts in another trial's workspace",
    "forked_from": "forks of a recorded trial, which holds the steps before them",
    "challenged": "challenges",
    "fault_delivered": "faults injected on purpose",
    "confidence_stated": "confidences stated before the first edit",
    "told": "prompts",
    "replied": "turns",
    "call_rejected": "calls that never became actions",
    "call_proposed": "effects and rulings of calls",
    "call_refused": "calls that were refused",
    "decided": "approval decisions",
    "tool_returned": "answers of tools",
    "submitted": "submissions with hypotheses and confidence",
    "limit_reached": "limits reached",
    "change_dropped": "changes left out of grading",
    "patch_taken": "sizes of patches",
    "scenario_facts": "facts that only graders know",
    "graded": "gradings",
    "probed": "scores of blind probes",
    "trial_failed": "failures of the harness",
    "trial_finished": "verdicts with their times",
}
"""Event type → what a reader calls several of them."""


@dataclass
class Losses:
    """What a format has no field for, counted over trials; `kept` says where it is all the same, empty for nowhere."""

    format: str
    found: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, what: str, count: int = 1, kept: str = "") -> None:
        if count:
            self.found[what, kept] += count

    def events(self, events: Iterable[AnyEvent], native: frozenset[str], kept: str = "") -> None:
        """Count the events whose type is not `native` to the format."""
        for event in events:
            if event.type not in native:
                self.add(LABELS[event.type], 1, kept)

    def sentences(self) -> list[str]:
        """One a kind, what is nowhere first."""
        ordered = sorted(self.found.items(), key=lambda each: (bool(each[0][1]), each[0]))
        return [
            f"{count:,} {what}: {self.format} has no field for them; " + (f"kept in {kept}" if kept else "left out")
            for (what, kept), count in ordered
        ]


@dataclass(frozen=True)
class Trial:
    """A trial as it is exported; `key` is how it is called there."""

    key: TrialKey
    events: Sequence[AnyEvent]
    patch: str = ""
    run: str = ""
    """The name of its run."""

    @cached_property
    def record(self) -> Record:
        return record(self.key, self.events)

    @property
    def started(self) -> TrialStarted | None:
        return next((event for event in self.events if isinstance(event, TrialStarted)), None)

    @property
    def finished(self) -> TrialFinished | None:
        return next((event for event in reversed(self.events) if isinstance(event, TrialFinished)), None)

    @property
    def began(self) -> str:
        """When its first step was written; empty where nobody noted it."""
        return next((event.at for event in self.events if event.at), "")

    @property
    def ended(self) -> str:
        return next((event.at for event in reversed(self.events) if event.at), "")


Write = Callable[[str, bytes], None]
"""Takes a file's name, relative to the place of the export, and what is in it."""


class Exporter(Protocol):
    """Writes trials; raises UserError where it cannot."""

    def __call__(self, trials: Iterable[Trial], write: Write, losses: Losses) -> None: ...


@dataclass(frozen=True)
class Source:
    """A foreign file."""

    path: Path
    digest: str
    """SHA-256."""
    size: int


@dataclass
class Foreign:
    """A trial of another harness, as far as its file tells."""

    format: ImportFormat
    harness: str = ""
    task: str = ""
    model: str = ""
    arm: str = "control"
    events: list[AnyEvent] = field(default_factory=list)
    """Without a start and an end."""
    told: dict[str, str | int | float | bool | None] = field(default_factory=dict)
    known: frozenset[Data] = frozenset()
    seconds: float | None = None
    patch: str = ""
    left_out: list[str] = field(default_factory=list)
    origin: TrialStarted | None = None
    """Of a trial of taskfit's own, exported before."""
    ending: TrialFinished | None = None
    beside: tuple[Any, Any] | None = None
    """What taskfit kept in a document that it wrote, and the document."""


class Importer(Protocol):
    """Reads a foreign file. Raises FileProblem with the place in it."""

    def __call__(self, source: Source) -> Iterator[Foreign]: ...


def seconds_since(start: str, at: str) -> float:
    """Seconds between two times in ISO 8601; 0 where one of them is none."""
    try:
        return max(0.0, (datetime.fromisoformat(at) - datetime.fromisoformat(start)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
