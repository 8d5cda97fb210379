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

from runner.acceptance import Changes
from runner.canonical import digest
from runner.catalog import ScenarioFolder
from runner.errors import FileProblem, UserError
from runner.events import AnyEvent, Decided, ForkedFrom
from runner.messages import Frozen, Message, SystemMessage, to_json
from runner.replay.origin import EVENTS, Recorded
from runner.replay.points import (
    CONVERSATION,
    Place,
    conversation,
    fork_step,
    prefix_digest,
    read_conversation,
    used,
    without_native,
    write_conversation,
)
from runner.replay.rerun import Replayer
from runner.scenario import Limits
from runner.snapshot import FILE as WORKSPACE
from runner.snapshot import load, save
from runner.transcript import read

FOLDER = "forks"
FILE = "fork.json"
FILES = (FILE, CONVERSATION, WORKSPACE, EVENTS)
LimitsOf = Literal["left", "fresh"]


class Fork(Frozen):
    """`[forks.NAME]` of a study: where the trials of the arm `start = "fork:NAME"` go on from."""

    trials: tuple[str, ...] = Field(min_length=1)
    """TRIAL@STEP or TRIAL@end, paths relative to the study file; of several of one scenario, each repeat takes the next
    one in turn."""
    limits: LimitsOf = "left"
    """`left`: the turns, minutes and dollars that the recorded trial had left; `fresh`: the scenario's."""
    prompt: str | None = None
    """A file whose text takes the place of the recorded system message, relative to the study file."""
    anyway: bool = False
    """Go on although a call answered otherwise when it was made again, or the scenario changed since."""


class Kept(Frozen):
    """`fork.json`."""

    format: Literal[1] = Field(default=1, alias="schema")
    event: ForkedFrom
    turns: int
    """Used before the step, as are:"""
    seconds: float
    usd: float


@dataclass(frozen=True)
class ForkPoint:
    """Where a trial goes on from."""

    kept: Kept
    said: list[Message]
    changes: Changes
    decided: tuple[Decided, ...]
    """What was asked before the step, and answered."""

    @property
    def event(self) -> ForkedFrom:
        return self.kept.event

    def is_of(self, model: str) -> bool:
        """Whether it is this model that had the conversation."""
        return self.event.trial.model == model

    def conversation(self, model: str) -> list[Message]:
        """As this model is told it."""
        return self.said if self.is_of(model) else without_native(self.said)

    def limits(self, limits: Limits) -> Limits:
        """A trial's limits from here on."""
        if self.event.limits == "fresh":
            return limits
        kept = self.kept
        return limits.model_copy(
            update={
                "turns": max(0, limits.turns - kept.turns),
                "minutes": max(0.0, limits.minutes - kept.seconds / 60),
                "usd": max(0.0, limits.usd - kept.usd) if limits.usd is not None else None,
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


def rebuild(run: Path, forks: Mapping[str, Fork], scenarios: Mapping[str, ScenarioFolder], replayer: Replayer) -> Forks:
    """Make every fork's workspace again, by a replay up to its step, and keep it in the run's folder.

    Raises UserError where the trial, the step or the scenario is not there or has changed, where a call answered
    otherwise (unless `anyway`), and where nothing is left of the limits.
    """
    for name, fork in forks.items():
        prompt = _text(Path(fork.prompt)) if fork.prompt is not None else None
        for number, written in enumerate(fork.trials, start=1):
            _rebuild(run, f"{name}/{number}", Place.parse(written), fork, prompt, scenarios, replayer)
    return Forks(run, forks)


def _rebuild(
    run: Path,
    place: str,
    at: Place,
    fork: Fork,
    prompt: str | None,
    scenarios: Mapping[str, ScenarioFolder],
    replayer: Replayer,
) -> None:
    recorded = Recorded.of(at.trial)
    recorded.check_ended()
    step, note = fork_step(recorded, at.step)
    if note:
        replayer.say(note)
    key = recorded.started.key
    if (found := scenarios.get(key.scenario)) is None:
        raise UserError(f"{at.trial} is of scenario {key.scenario}, which is not among this run's; add it")
    recorded.scenario(fork.anyway, found.folder)
    spent = used(recorded.events, step)
    limits = found.scenario.limits
    if fork.limits == "left" and (spent.turns >= limits.turns or spent.seconds >= limits.minutes * 60):
        raise UserError(
            f"{at.trial}@{step}: nothing is left of its {limits.turns} turns and {limits.minutes:g} minutes; "
            "fork it earlier, or with limits of its own: --limits fresh"
        )
    said = conversation(recorded, step)
    if prompt is not None:
        said = [SystemMessage(text=prompt), *(message for message in said if not isinstance(message, SystemMessage))]
    rerun = replayer.replay(recorded, found, before=step)
    differing = tuple(call.step for call in rerun.seen.differing)
    if differing and not fork.anyway:
        first = rerun.seen.differing[0]
        raise UserError(
            f"{at.trial}@{step} cannot be rebuilt: the call at step {first.step} ({first.what}) differs now: "
            f"{first.why}. "
            f"`taskfit replay {at.trial} --raw` shows it; go on all the same, which is recorded: --anyway"
        )
    if rerun.changes is None:
        raise UserError(f"{at.trial}@{step}: the workspace cannot be taken out of its sandbox; it is too large")
    folder = run / FOLDER / place
    write_conversation(folder, said)
    if not save(folder, rerun.changes):
        raise UserError(f"{at.trial}@{step}: the workspace changed too much to be kept")
    (folder / EVENTS).write_bytes(b"".join(to_json(event) + b"\n" for event in recorded.events[:step]))
    event = ForkedFrom(
        fork=place,
        trial=key,
        run=recorded.run.path.name if recorded.run is not None else "",
        at_step=step,
        digest=prefix_digest(recorded.events, step),
        turns=spent.turns,
        agreed=not differing,
        differing=differing,
        limits=fork.limits,
        prompt=hashlib.sha256(prompt.encode()).hexdigest() if prompt is not None else "",
    )
    kept = Kept(event=event, turns=spent.turns, seconds=spent.seconds, usd=spent.usd)
    (folder / FILE).write_bytes(to_json(kept, indent=1))


def _read(folder: Path) -> ForkPoint:
    file = folder / FILE
    try:
        kept = Kept.model_validate_json(file.read_bytes())
        events: list[AnyEvent] = list(read(folder / EVENTS))
    except OSError as error:
        raise FileProblem(file, f"cannot be read: {error.strerror or error}") from None
    except ValidationError as error:
        raise FileProblem(file, f"is no fork: {error.errors(include_url=False)[0]['msg']}") from None
    decided = tuple(event for event in events if isinstance(event, Decided))
    return ForkPoint(kept, read_conversation(folder), load(folder), decided)


def _digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}


def _text(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(file, f"cannot be read as UTF-8: {error}") from None
    if not text.strip():
        raise FileProblem(file, "is empty; write what the model is to be told")
    return text
