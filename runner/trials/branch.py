"""A trial that goes on from another one's first submission: the same workspace and conversation, and a challenge.

All challenges of a scenario, model and repeat branch from one trial of the control arm, the trunk, whose verdict is y₀.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runner.errors import FileProblem
from runner.events import AnyEvent
from runner.events.endings import Submitted
from runner.events.grading import Graded
from runner.grading.acceptance import Changes
from runner.messages import Message
from runner.results import TrialResult
from runner.transcript import read
from runner.trials.conversation import until_submission
from runner.trials.snapshot import load

LONGEST = 3000
"""Characters of a test's output that are shown as evidence."""
ALL_PASS = "all tests of this issue passed"


@dataclass(frozen=True)
class Trunk:
    """Where a branch begins."""

    result: TrialResult
    step: int
    """Of the submission in the trunk's transcript."""
    conversation: list[Message]
    changes: Changes
    evidence: str
    """What a real test run said of the submission."""


def trunk_of(folder: Path, result: TrialResult) -> Trunk:
    """The trunk from its folder. Raises FileProblem where it left nothing to branch from."""
    try:
        events = list(read(folder / "events.jsonl"))
    except OSError as error:
        raise FileProblem(folder / "events.jsonl", f"cannot be read: {error}") from None
    step = next((event.step for event in events if isinstance(event, Submitted)), None)
    if step is None:
        raise FileProblem(folder, "the trial submitted nothing")
    return Trunk(result, step, until_submission(events), load(folder), _evidence(events))


def _evidence(events: list[AnyEvent]) -> str:
    graded = next((event for event in events if isinstance(event, Graded)), None)
    if graded is None:
        return ""
    failing = [text for _, text in sorted(graded.failures.items())]
    if failing:
        return failing[0][-LONGEST:]
    if all(outcome == "passed" for outcome in graded.outcomes.values()):
        return ALL_PASS
    return graded.detail[-LONGEST:]
