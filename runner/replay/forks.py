"""Forks of a run: steps of recorded trials, made again beforehand and kept in the run's folder, to go on from.

    forks/<name>/<k>/fork.json  conversation.json  workspace.tar.gz  events.jsonl (the recorded steps, as they were)

A run that is resumed reads them from there: the recorded trials may be gone by then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from runner.canonical import digest
from runner.errors import FileProblem
from runner.events.calls import Decided
from runner.events.origins import ForkedFrom
from runner.faults.base import Fault
from runner.grading.acceptance import Changes
from runner.messages import Frozen, Message
from runner.regular import content
from runner.replay.origin import EVENTS, Recorded
from runner.replay.points import (
    CONVERSATION,
    Place,
    Used,
    for_another,
    read_conversation,
)
from runner.scenarios.scenario import Limits
from runner.trials.snapshot import FILE as WORKSPACE
from runner.trials.snapshot import load

FOLDER = "forks"
FILE = "fork.json"
FILES = (FILE, CONVERSATION, WORKSPACE, EVENTS)
LimitsOf = Literal["left", "fresh"]
FaultsOf = Literal["left", "none"]


class Fork(Frozen):
    """`[forks.NAME]` of a study: where the trials of the arm `start = "fork:NAME"` go on from."""

    trials: tuple[str, ...] = Field(min_length=1)
    """TRIAL@STEP or TRIAL@end, paths relative to the study file; of several of one scenario, each repeat takes the next
    one in turn."""
    limits: LimitsOf = "left"
    """`left`: the turns, minutes and dollars that the recorded trial had left; `fresh`: the scenario's."""
    prompt: str | None = None
    """A file whose text takes the place of the recorded system message, relative to the study file."""
    faults: FaultsOf = "left"
    """`left`: what the recorded trial's fault had not yet done goes on, counted from the step; `none`: nothing does."""
    anyway: bool = False
    """Go on although a call answered otherwise when it was made again, or the scenario changed since."""


class Kept(Frozen):
    """`fork.json`."""

    format: Literal[1] = Field(default=1, alias="schema")
    event: ForkedFrom
    used: Used
    """Of its limits, before the step."""
    decided: tuple[Decided, ...] = ()
    """What was asked before the step, and answered."""
    fault: Fault | None = None
    """What goes wrong on purpose from here on."""


@dataclass(frozen=True)
class ForkPoint:
    """Where a trial goes on from."""

    kept: Kept
    said: list[Message]
    changes: Changes

    @property
    def event(self) -> ForkedFrom:
        return self.kept.event

    def is_of(self, model: str) -> bool:
        """Whether it is this model that had the conversation."""
        return self.event.trial.model == model

    def conversation(self, model: str) -> list[Message]:
        """As this model is told it."""
        return self.said if self.is_of(model) else for_another(self.said)

    def limits(self, limits: Limits) -> Limits:
        """A trial's limits from here on."""
        if self.event.limits == "fresh":
            return limits
        used = self.kept.used
        return limits.model_copy(
            update={
                "turns": max(0, limits.turns - used.turns),
                "minutes": max(0.0, limits.minutes - used.seconds / 60),
                "usd": max(0.0, limits.usd - used.usd) if limits.usd is not None else None,
            }
        )


class Forks:
    """A run's forks, read from its folder. Raises FileProblem where one is missing or damaged."""

    def __init__(self, run: Path, forks: Mapping[str, Fork]) -> None:
        self._folders = {
            name: [run / FOLDER / name / str(number + 1) for number in range(len(fork.trials))]
            for name, fork in forks.items()
        }
        self._points = {name: [_read(folder) for folder in folders] for name, folders in self._folders.items()}

    @property
    def digests(self) -> dict[str, str]:
        """Name → what the lock holds of it: SHA-256 of its files."""
        return {name: digest([_digests(folder) for folder in folders]) for name, folders in self._folders.items()}

    @property
    def scenarios(self) -> dict[str, frozenset[str]]:
        """Name → the scenarios that it has trials of."""
        return {name: frozenset(p.event.trial.scenario for p in points) for name, points in self._points.items()}

    def of(self, name: str, scenario: str, repeat: int) -> ForkPoint:
        """The same one for every model."""
        fitting = [point for point in self._points[name] if point.event.trial.scenario == scenario]
        return fitting[(repeat - 1) % len(fitting)]


def scenarios_of(forks: Mapping[str, Fork]) -> dict[str, frozenset[str]]:
    """Name → the scenarios that a fork will have trials of, from the recorded trials alone. Raises UserError."""
    return {
        name: frozenset(Recorded.of(Place.parse(each).trial).started.key.scenario for each in fork.trials)
        for name, fork in forks.items()
    }


def _read(folder: Path) -> ForkPoint:
    return ForkPoint(kept_in(folder), read_conversation(folder), load(folder))


def kept_in(folder: Path) -> Kept:
    """What is kept of a fork beside its files. Raises FileProblem."""
    file = folder / FILE
    try:
        return Kept.model_validate_json(content(file))
    except OSError as error:
        raise FileProblem(file, f"cannot be read: {error.strerror or error}") from None
    except ValidationError as error:
        raise FileProblem(file, f"is no fork: {error.errors(include_url=False)[0]['msg']}") from None


def _digests(folder: Path) -> dict[str, str]:
    try:
        return {name: hashlib.sha256(content(folder / name)).hexdigest() for name in FILES}
    except OSError as error:
        raise FileProblem(folder, f"cannot be read: {error.strerror or error}") from None
