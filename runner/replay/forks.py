"""Forks of a run: steps of recorded trials, made again beforehand and kept in the run's folder, to go on from.

    forks/<name>/<k>/fork.json  conversation.json  workspace.tar.gz  events.jsonl (the recorded steps, as they were)

A run that is resumed reads them from there: the recorded trials may be gone by then.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from runner.arms import of_twin
from runner.canonical import digest
from runner.errors import FileProblem, UserError
from runner.events.calls import Decided
from runner.events.conversation import Replied
from runner.events.origins import ForkedFrom
from runner.faults.base import Fault
from runner.grading.acceptance import Changes
from runner.messages import Frozen, Message, SystemMessage, to_json
from runner.regular import content
from runner.replay.lasting import fault_of, in_words, left_of
from runner.replay.origin import EVENTS, Recorded
from runner.replay.points import (
    CONVERSATION,
    Place,
    Used,
    conversation,
    for_another,
    fork_step,
    prefix_digest,
    read_conversation,
    used,
    write_conversation,
)
from runner.replay.rerun import Replayer
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.scenario import Limits
from runner.trials.snapshot import FILE as WORKSPACE
from runner.trials.snapshot import load, save

FOLDER = "forks"
FILE = "fork.json"
FILES = (FILE, CONVERSATION, WORKSPACE, EVENTS)
LARGEST_PROMPT = 1 << 20
"""Bytes of a text that takes the place of the system message."""
OWN = (*FILES, f"{WORKSPACE}.partial")
"""What a fork that was broken off may have left."""
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


def rebuild(
    run: Path,
    forks: Mapping[str, Fork],
    scenarios: Mapping[str, ScenarioFolder],
    replayer: Replayer,
    faulted: Collection[str] = (),
) -> Forks:
    """Make every fork's workspace again, by a replay up to its step, and keep it in the run's folder.

    `faulted` are the forks that an arm with a fault of its own goes on from.

    Raises UserError where such an arm would have two faults, where the trial, the step or the scenario is not there or
    has changed, where a call answered otherwise (unless `anyway`), where nothing is left of the limits, and where
    somebody's files lie in the way.
    """
    for name in forks:
        _make_room(run / FOLDER / name)
    for name, fork in forks.items():
        prompt = _text(Path(fork.prompt)) if fork.prompt is not None else None
        for number, written in enumerate(fork.trials, start=1):
            place = f"{name}/{number}"
            _rebuild(run, place, Place.parse(written), fork, prompt, scenarios, replayer, name in faulted)
    return Forks(run, forks)


def _make_room(folder: Path) -> None:
    """Remove what a plan that never came to be left there, and nothing else. Raises UserError."""
    if not folder.exists() and not folder.is_symlink():
        return
    found = [folder, *folder.rglob("*")]
    others = [path for path in found if path.is_symlink() or not (path.is_dir() or path.name in OWN)]
    if others:
        raise UserError(f"{others[0]} is in the way of a fork and no part of one; name another folder with --out")
    shutil.rmtree(folder)


def _rebuild(
    run: Path,
    place: str,
    at: Place,
    fork: Fork,
    prompt: str | None,
    scenarios: Mapping[str, ScenarioFolder],
    replayer: Replayer,
    is_faulted: bool,
) -> None:
    recorded = Recorded.of(at.trial)
    recorded.check_ended()
    step, note = fork_step(recorded, at.step)
    if note:
        replayer.say(note)
    key = recorded.started.key
    if (found := scenarios.get(key.scenario)) is None:
        raise UserError(f"{at.trial} is of scenario {key.scenario}, which is not among this run's; add it")
    if of_twin(key.arm):
        raise UserError(f"{at.trial} ran on a twin, whose files are others than its scenario's; fork a trial of that")
    recorded.scenario(fork.anyway, found.folder)
    earlier, decided = _earlier(recorded)
    spent = used(recorded.events, step, earlier)
    if fork.limits == "left" and (gone := _exhausted(spent, found.scenario.limits, recorded)):
        raise UserError(
            f"{at.trial}@{step}: nothing is left of its {gone}; fork it earlier, or with limits of its own: "
            "--limits fresh"
        )
    fault = _fault(recorded, step) if fork.faults == "left" else None
    name = place.partition("/")[0]
    if fault is not None and is_faulted:
        raise UserError(
            f"{at.trial}@{step}: the recorded trial's fault goes on ({in_words(fault)}), and an arm of this study "
            "injects one as well, so that nobody could tell what was met; leave that arm's out, or end the recorded "
            f'one: faults = "none" in [forks.{name}]'
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
        turns=sum(isinstance(each, Replied) for each in recorded.events[:step]),
        agreed=not differing,
        differing=differing,
        limits=fork.limits,
        prompt=hashlib.sha256(prompt.encode()).hexdigest() if prompt is not None else "",
        fault=in_words(fault) if fault is not None else "",
    )
    own = tuple(each for each in recorded.events[:step] if isinstance(each, Decided))
    kept = Kept(event=event, used=spent, decided=(*decided, *own), fault=fault)
    (folder / FILE).write_bytes(to_json(kept, indent=1))


def _fault(recorded: Recorded, step: int) -> Fault | None:
    """What is left of a recorded trial's fault at a step, its arm's or one that it inherited. Raises FileProblem."""
    fault = fault_of(recorded)
    if fault is None and (trunk := recorded.trunk()) is not None:
        fault = _fault(trunk, len(trunk.events))
    elif fault is None and recorded.forked is not None:
        fault = _kept(recorded.fork(recorded.forked.fork)).fault
    return left_of(fault, recorded.events[:step])


def _exhausted(spent: Used, limits: Limits, recorded: Recorded) -> str:
    """The limit that was used up; empty for none."""
    scale = recorded.started.arm.limits if recorded.started.arm is not None else 1.0
    if spent.turns >= limits.turns * scale:
        return f"{limits.turns * scale:g} turns"
    if spent.seconds >= limits.minutes * scale * 60:
        return f"{limits.minutes * scale:g} minutes"
    if limits.usd is not None and spent.usd >= limits.usd * scale:
        return f"{limits.usd * scale:g} USD"
    return ""


def _earlier(recorded: Recorded) -> tuple[Used, tuple[Decided, ...]]:
    """What a trial had used, and what had been decided, in those that it went on from itself. Raises FileProblem.

    A submission's revision has limits of its own, and so has a fork with fresh ones.
    """
    if (trunk := recorded.trunk()) is not None:
        own = tuple(event for event in trunk.events if isinstance(event, Decided))
        return Used(), (*_earlier(trunk)[1], *own)
    if (forked := recorded.forked) is None:
        return Used(), ()
    kept = _kept(recorded.fork(forked.fork))
    return kept.used if forked.limits == "left" else Used(), kept.decided


def _read(folder: Path) -> ForkPoint:
    return ForkPoint(_kept(folder), read_conversation(folder), load(folder))


def _kept(folder: Path) -> Kept:
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


def _text(file: Path) -> str:
    """May be a pipe. Raises FileProblem."""
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_PROMPT + 1)
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(file, f"cannot be read as UTF-8: {error}") from None
    if len(data) > LARGEST_PROMPT:
        raise FileProblem(file, f"is longer than {LARGEST_PROMPT // 2**20} MiB; that is no system message")
    if not text.strip():
        raise FileProblem(file, "is empty; write what the model is to be told")
    return text
