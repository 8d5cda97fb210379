"""The step that a label is about, found again: in whichever attempt it was, and also where it has moved.

A trial that is retried gets a new transcript and keeps the old one under `attempts/`; one that is graded again may have
events more or less. So a label names attempt, step and digest of the event, and where the step holds another event now,
the only one with that digest is taken.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from runner.errors import UserError
from runner.labels.mark import Mark
from runner.regular import opened

PASSING = ("step", "at", "seconds")
"""What of an event is not what it says."""


class Place(NamedTuple):
    """A step of a transcript in a run's folder."""

    run: Path
    trial: str
    """The trial's folder, by its name."""
    attempt: int
    step: int
    event: str
    """Its digest."""


class _Beginning(BaseModel):
    type: str
    attempt: int = 1


def place(file: Path, step: int) -> Place:
    """The step of a transcript. Raises UserError where it is in no run's folder, or has no such step."""
    folder = file.resolve().parent
    trial = folder.parents[1] if folder.parent.name == "attempts" else folder
    if trial.parent.name != "trials":
        raise UserError(f"{file} is in no run's folder, and labels live beside a run")
    line = next((text for at, text in enumerate(_lines(file)) if at == step), None)
    if line is None:
        raise UserError(f"{file} has no step {step}")
    return Place(trial.parents[1], trial.name, attempt_of(file), step, digest(line))


def digest(line: bytes) -> str:
    """Of an event on its line, without its step and its times. Raises UserError for what is no event."""
    try:
        event = json.loads(line)
        said = {name: value for name, value in event.items() if name not in PASSING}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    except (ValueError, AttributeError, RecursionError):
        raise UserError("the step is no event that can be read") from None


def transcripts(run: Path, trial: str) -> Mapping[int, Path]:
    """Attempt → its transcript; the trial's own where two say that they are the same."""
    folder = run / "trials" / trial
    files = [*sorted(folder.glob("attempts/*/events.jsonl")), folder / "events.jsonl"]
    return {attempt_of(file): file for file in files if file.is_file() and not file.is_symlink()}


def attempt_of(file: Path) -> int:
    """As the transcript's first line has it; 1 where it does not say."""
    with suppress(ValidationError):
        first = next(_lines(file), b"")
        begun = _Beginning.model_validate_json(first)
        return max(0, begun.attempt) if begun.type == "trial_started" else 1
    return 1


def current(run: Path, marks: Iterable[Mark]) -> dict[str, tuple[Path, int]]:
    """Id of a mark → transcript and step where its event is now; none for marks whose event is gone."""
    by_trial: defaultdict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        if mark.trial == Path(mark.trial).name and mark.trial not in (".", ".."):
            by_trial[mark.trial].append(mark)
    found: dict[str, tuple[Path, int]] = {}
    for trial, each in by_trial.items():
        files = transcripts(run, trial)
        by_file: defaultdict[Path, list[Mark]] = defaultdict(list)
        for mark in each:
            if mark.attempt in files:
                by_file[files[mark.attempt]].append(mark)
        for file, own in by_file.items():
            found |= {name: (file, step) for name, step in _steps(file, own).items()}
    return found


def _steps(file: Path, marks: list[Mark]) -> dict[str, int]:
    wanted = {mark.step for mark in marks}
    there = {at: _digest(line) for at, line in enumerate(_lines(file)) if at in wanted}
    found = {mark.id: mark.step for mark in marks if there.get(mark.step) == mark.event}
    if len(found) < len(marks):
        places: defaultdict[str, list[int]] = defaultdict(list)
        for at, line in enumerate(_lines(file)):
            places[_digest(line)].append(at)
        for mark in marks:
            if mark.id not in found and len(places[mark.event]) == 1:
                found[mark.id] = places[mark.event][0]
    return found


def _digest(line: bytes) -> str:
    with suppress(UserError):
        return digest(line)
    return ""


def _lines(file: Path) -> Iterator[bytes]:
    """Whole ones. Raises UserError for a file that cannot be read."""
    try:
        with opened(file) as lines:
            yield from (line for line in lines if line.endswith(b"\n"))
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror or error}") from None
