"""What a replay saw, kept beside the trial: `replays/<n>/replay.json`, and the files that each call changed.

replays/1/replay.json
replays/1/after-17/workspace.tar.gz, patch.diff     of the call that was answered at step 17
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from runner.durable import write_whole
from runner.errors import FileProblem, UserError
from runner.grading.acceptance import Changes
from runner.messages import Frozen, to_json
from runner.regular import content, opened
from runner.replay.origin import EVENTS, Recorded
from runner.results import TrialKey
from runner.trials.snapshot import load

FOLDER = "replays"
FILE = "replay.json"
Agreement = Literal["agreed", "differs", "not_made"]
"""`not_made`: the call was not made then either (refused, rejected, a question), or had no answer."""


class Answer(Frozen):
    """What a call answered, as raw as it came."""

    text: str
    is_error: bool = False
    timed_out: bool = False
    exit_code: int | None = None
    elided_bytes: int = 0
    faults: tuple[str, ...] = ()
    """Kinds of the faults that struck it."""


class SeenCall(Frozen):
    """One call of the transcript, as it went this time."""

    step: int
    """Of its proposal or rejection in the transcript."""
    answered: int
    """Step of its answer there; -1 where it had none."""
    turn: int
    tool: str
    what: str = ""
    """The call in short."""
    agreement: Agreement
    why: str = ""
    """In a sentence: in what it differs, or why it was not made."""
    recorded_line: str = ""
    """The first line that differs; empty where no text does."""
    replayed_line: str = ""
    normalised: tuple[str, ...] = ()
    """What differed in the raw text and was taken as the same: names of rules of `runner.replay.agreement`."""
    answer: Answer | None = None
    changed: tuple[str, ...] = ()
    """Paths that it changed in the workspace."""
    kept: bool = True
    """Whether the files are known after it: False where the workspace could not be looked at, or was too large."""
    seconds: float = 0.0


class Seen(Frozen):
    """`replay.json`."""

    format: Literal[1] = Field(default=1, alias="schema")
    number: int = Field(ge=1)
    key: TrialKey
    transcript: str
    """SHA-256 of the transcript."""
    before: int | None = None
    """Only the calls before this step were made; None for all of them."""
    at: str
    """UTC, ISO 8601."""
    taskfit: str
    image: str
    calls: tuple[SeenCall, ...]
    final: Literal["agreed", "differs", "unknown"] = "unknown"
    """The workspace at the end against the one that the trial left; `unknown` where only a part was replayed, or the
    trial left none."""
    final_differs: tuple[str, ...] = ()
    """Paths in which they differ."""

    @property
    def differing(self) -> list[SeenCall]:
        return [call for call in self.calls if call.agreement == "differs"]

    @property
    def agreed(self) -> bool:
        """Whether everything did."""
        return not self.differing and self.final != "differs"

    @property
    def through(self) -> int:
        """Step of the last answer up to which all agreed and the files are known; -1 for none."""
        last = -1
        for call in self.calls:
            if call.agreement == "differs" or not call.kept:
                break
            last = max(last, call.answered)
        return last


@dataclass(frozen=True)
class SeenFiles:
    """The workspace as a replay saw it."""

    number: int
    through: int
    """Known up to the answer at this step."""
    states: tuple[tuple[int, Changes], ...]
    """Step of an answer → all changes to the base from then on."""


def transcript_digest(folder: Path) -> str:
    """SHA-256 of a transcript, a torn last line left out. Raises FileProblem."""
    file = folder / EVENTS
    try:
        with opened(file) as stream:
            data = stream.read()
    except OSError as error:
        raise FileProblem(file, f"cannot be read: {error.strerror or error}") from None
    return hashlib.sha256(data[: data.rfind(b"\n") + 1]).hexdigest()


def place(trial: Path, number: int) -> Path:
    return trial / FOLDER / str(number)


def after(replay: Path, step: int) -> Path:
    """Where the files are that the call answered at this step changed."""
    return replay / f"after-{step}"


def next_number(trial: Path) -> int:
    """Raises UserError for a link in the place of the replays."""
    if (trial / FOLDER).is_symlink():
        raise UserError(f"{trial / FOLDER} is a link, and replays live beside their trial; remove it")
    return max(_numbers(trial), default=0) + 1


def write_seen(trial: Path, seen: Seen) -> Path:
    """Write replay.json, whole or not at all; returns it."""
    folder = place(trial, seen.number)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / FILE, to_json(seen, indent=1))
    return folder / FILE


def read_seen(trial: Path, number: int) -> Seen:
    """Raises FileProblem for a replay that is not there, or damaged."""
    file = place(trial, number) / FILE
    try:
        return Seen.model_validate_json(content(file))
    except OSError as error:
        raise FileProblem(file, f"cannot be read: {error.strerror or error}") from None
    except ValidationError as error:
        raise FileProblem(file, f"is no replay: {error.errors(include_url=False)[0]['msg']}") from None


def all_seen(trial: Path) -> Iterator[Seen]:
    """The replays of a trial that are whole, the latest first."""
    for number in sorted(_numbers(trial), reverse=True):
        try:
            yield read_seen(trial, number)
        except FileProblem:
            continue


def latest_seen(trial: Path, recorded: Recorded) -> SeenFiles | None:
    """The files as that replay of this very transcript saw them which went furthest in agreement, the latest of those.

    None where there is none.
    """
    digest = transcript_digest(trial)
    found = [seen for seen in all_seen(trial) if seen.transcript == digest and seen.through >= 0]
    best = max(found, key=lambda seen: seen.through, default=None)
    if best is None:
        return None
    states: list[tuple[int, Changes]] = []
    now = dict(recorded.start())
    for call in best.calls:
        if call.changed and call.answered <= best.through:
            try:
                now |= load(after(place(trial, best.number), call.answered))
            except FileProblem:
                return SeenFiles(best.number, call.answered - 1, tuple(states))
            states.append((call.answered, dict(now)))
    return SeenFiles(best.number, best.through, tuple(states))


def _numbers(trial: Path) -> list[int]:
    folder = trial / FOLDER
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return [int(name) for name in names if name.isdecimal() and name.isascii() and len(name) < 9]
