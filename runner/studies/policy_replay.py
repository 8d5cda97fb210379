"""A policy ruling anew on the calls of old transcripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from runner.approvals import Action, Ruling
from runner.approvers.policy import Policy
from runner.errors import UserError
from runner.events.calls import CallProposed
from runner.messages import shorten
from runner.transcript import read


@dataclass(frozen=True)
class Difference:
    """One call: what was ruled then, and what would be now."""

    step: int
    what: str
    before: Ruling
    after: Ruling
    rule: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def transcripts(place: Path) -> list[Path]:
    """The transcripts that a path stands for. Raises UserError where it does not exist."""
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise UserError(f"{place} is neither a run, a trial nor a transcript")
    if (place / "events.jsonl").is_file():
        return [place / "events.jsonl"]
    return sorted(place.glob("trials/*/events.jsonl"))


def differences(policy: Policy, transcript: Path) -> Iterator[Difference]:
    """Every call that was ruled on, with the ruling of this policy beside it.

    Effects and targets are those that were found then, so that links count where they led. Raises FileProblem.
    """
    for event in read(transcript):
        if not isinstance(event, CallProposed) or event.tool == "request_approval":
            continue
        action = Action(
            tool=event.tool, arguments=event.arguments, effects=frozenset(event.effects), targets=event.targets
        )
        now = policy.judge(action)
        command = event.arguments.get("command")
        what = command if isinstance(command, str) else f"{event.tool} {json.dumps(event.arguments)}"
        yield Difference(event.step, shorten(what, 200), event.policy.ruling, now.ruling, now.rule)
