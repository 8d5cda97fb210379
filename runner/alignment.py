"""Two trials of one scenario side by side: what they did alike, where they part, and what answers to what then.

What a trial did is a list of exchanges: an action (a call by its tool and canonical arguments, a prompt, a challenge)
and what it was answered. Up to the parting both are the same; from there on actions alone are aligned, by a longest
common subsequence. A branch stands beside its trunk as if it had done the trunk's part itself.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Literal, NamedTuple

from rapidfuzz.distance import Indel

from runner.errors import UserError
from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRefused, CallRejected, ToolReturned
from runner.events.conversation import Challenged, Replied, Told
from runner.events.endings import Submitted, TrialFinished
from runner.events.grading import Graded, PatchTaken, ScenarioFacts
from runner.events.origins import Branched, TrialStarted
from runner.results import TrialKey
from runner.transcript import read

MOST = 20_000
"""Exchanges of one trial that are aligned, from where the two part."""
LONGEST_PATCH = 10_000
"""Lines of a patch that are compared."""
BEGINNINGS = (CallProposed, CallRejected, Told, Challenged, PatchTaken, TrialStarted)
"""Steps with which something new begins, also without a turn of the model's before them."""
PASSING = re.compile(r"\b\d+(?:\.\d+)? ?(?:s|ms|sec|seconds)\b|\b0x[0-9a-fA-F]{4,}\b")
"""Durations and addresses: they differ between two runs of the same thing."""


@dataclass(frozen=True)
class Exchange:
    """One action, what came of it, and the steps that tell of it."""

    action: str
    """Digest; the same for the same action."""
    answer: str
    """Digest, without what differs from one run to the next."""
    events: Sequence[AnyEvent]
    inherited: bool = False
    """Of the trunk's, in the column of its branch."""

    @property
    def head(self) -> AnyEvent:
        """The step that says what was done."""
        return next((each for each in self.events if not isinstance(each, Replied)), self.events[0])


Kind = Literal["same", "answer", "other", "left", "right"]
"""`answer`: the same action was answered otherwise; `other`: two actions in one place; else one side's alone."""


class Row(NamedTuple):
    kind: Kind
    left: Exchange | None
    right: Exchange | None


class Alignment(NamedTuple):
    left: TrialKey
    right: TrialKey
    rows: Sequence[Row]
    parted: int | None
    """The first row in which they differ; None where they never do."""


def beside(left: Path, right: Path) -> Alignment:
    """Two transcripts. Raises UserError where they are not of one scenario, FileProblem for what is no transcript."""
    one, other = _Story.of(left), _Story.of(right)
    if one.key.scenario != other.key.scenario:
        raise UserError(
            f"{one.key.name} is of the scenario {one.key.scenario}, {other.key.name} of {other.key.scenario}: "
            "only trials of one scenario can stand side by side"
        )
    return align(one.after(other), other.after(one), one.key, other.key)


def align(left: Sequence[Exchange], right: Sequence[Exchange], of_left: TrialKey, of_right: TrialKey) -> Alignment:
    alike = 0
    for one, other in zip(left, right, strict=False):
        if (one.action, one.answer) != (other.action, other.answer):
            break
        alike += 1
    rows = [Row("same", one, other) for one, other in zip(left[:alike], right[:alike], strict=True)]
    rows += _aligned(left[alike : alike + MOST], right[alike : alike + MOST])
    return Alignment(of_left, of_right, rows, alike if alike < len(rows) else None)


def exchanges(events: Iterable[AnyEvent]) -> list[Exchange]:
    """A transcript's; what belongs to no action (who began, what the graders found) stands with the one before."""
    found: list[list[AnyEvent]] = []
    pending: list[AnyEvent] = []
    for event in events:
        if isinstance(event, Replied):
            if pending:
                found.append(pending)
            pending = [event]
        elif pending or not found or isinstance(event, BEGINNINGS):
            found.append([*pending, event])
            pending = []
        else:
            found[-1].append(event)
    if pending:
        found.append(pending)
    return [Exchange(_action(each), _answer(each), tuple(each)) for each in found]


def patches_apart(left: str, right: str) -> list[str]:
    """What the right patch has otherwise than the left one, as lines of a unified diff; none where they are equal."""
    one, other = (text.splitlines()[:LONGEST_PATCH] for text in (left, right))
    return list(difflib.unified_diff(one, other, "left", "right", lineterm="", n=3))


@dataclass(frozen=True)
class _Story:
    """One transcript, and what it goes on from."""

    key: TrialKey
    exchanges: Sequence[Exchange]
    branched: Branched | None

    @classmethod
    def of(cls, file: Path) -> _Story:
        events = list(read(file))
        begun = next((each for each in events if isinstance(each, TrialStarted)), None)
        if begun is None:
            raise UserError(f"{file} does not say which trial it is of, so nothing can stand beside it")
        branched = next((each for each in events if isinstance(each, Branched)), None)
        return cls(begun.key, exchanges(events), branched)

    def after(self, other: _Story) -> Sequence[Exchange]:
        """With the other's exchanges before its own, where it is a branch of the other."""
        if self.branched is None or self.branched.trunk != other.key:
            return self.exchanges
        before = [each for each in other.exchanges if each.events[0].step <= self.branched.trunk_step]
        own = [each for each in self.exchanges if not isinstance(each.head, TrialStarted | Branched)]
        return [*(Exchange(each.action, each.answer, each.events, inherited=True) for each in before), *own]


def _aligned(left: Sequence[Exchange], right: Sequence[Exchange]) -> Iterator[Row]:
    """Between two common actions, what each side did alone stands in pairs from the top."""
    ours: list[Exchange] = []
    theirs: list[Exchange] = []
    for code in Indel.opcodes([each.action for each in left], [each.action for each in right]):
        if code.tag == "equal":
            yield from _apart(ours, theirs)
            ours, theirs = [], []
            common = zip(left[code.src_start : code.src_end], right[code.dest_start : code.dest_end], strict=True)
            yield from (Row("same" if one.answer == other.answer else "answer", one, other) for one, other in common)
        else:
            ours += left[code.src_start : code.src_end]
            theirs += right[code.dest_start : code.dest_end]
    yield from _apart(ours, theirs)


def _apart(left: Sequence[Exchange], right: Sequence[Exchange]) -> Iterator[Row]:
    for one, other in zip_longest(left, right):
        yield Row("other" if one and other else "left" if one else "right", one, other)


def _action(events: Sequence[AnyEvent]) -> str:
    head = next((each for each in events if not isinstance(each, Replied)), events[0])
    match head:
        case CallProposed():
            said: object = [head.tool, head.arguments]
        case CallRejected():
            said = ["rejected", head.tool, head.arguments]
        case Told() | Challenged():
            said = [head.type, head.text]
        case Replied():
            said = ["words", head.reply.message.text]
        case _:
            said = head.type
    return _digest(json.dumps(said, sort_keys=True))


def _answer(events: Sequence[AnyEvent]) -> str:
    said: list[object] = []
    for event in events:
        match event:
            case ToolReturned():
                said.append([PASSING.sub("", event.text), event.is_error, event.timed_out, event.exit_code])
            case CallRefused() | CallRejected():
                said.append([event.reason, event.message])
            case Submitted():
                said.append(event.submission.model_dump())
            case PatchTaken():
                said.append(event.digest or event.lines)
            case Graded():
                said.append(event.outcomes)
            case TrialFinished():
                said.append(event.verdict)
            case TrialStarted() | Branched() | ScenarioFacts() | Told() | Replied() | CallProposed():
                pass
            case _:
                said.append(event.model_dump(mode="json", exclude={"step", "at", "seconds"}))
    return _digest(json.dumps(said, sort_keys=True))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
