"""Where to look: the steps of a trial that stand out, each with its kind and a few words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from runner.events.conversation import Challenged
from runner.events.endings import LimitReached, Submitted, TrialFailed
from runner.events.grading import ChangeDropped, Graded
from runner.reading.turns import Call, Damaged, Item, Part

Kind = Literal[
    "red",
    "green",
    "edit",
    "error",
    "approval",
    "denied",
    "fault",
    "challenge",
    "limit",
    "label",
    "submission",
    "graded",
]
LANES: Mapping[str, tuple[Kind, ...]] = {
    "tests": ("red", "green"),
    "edits": ("edit",),
    "errors": ("error", "limit"),
    "approvals": ("approval", "denied"),
    "faults and challenges": ("fault", "challenge"),
    "labels": ("label",),
    "handed in, graded": ("submission", "graded"),
}
"""The lanes of a time line, and the kinds that each shows."""
SIGNS: Mapping[Kind, str] = {
    "red": "✗",
    "green": "✓",
    "edit": "✎",
    "error": "!",
    "approval": "?",
    "denied": "⊘",
    "fault": "↯",
    "challenge": "“",
    "limit": "L",
    "label": "◆",
    "submission": "▲",
    "graded": "■",
}
"""A sign for each kind that needs no colour."""


@dataclass(frozen=True)
class Mark:
    step: int
    kind: Kind
    words: str
    part: int
    """The index of the part that holds it."""


def marks(parts: Iterable[Part]) -> list[Mark]:
    """In the order of their steps."""
    found = [mark for at, part in enumerate(parts) for item in part.items for mark in _of(item, at)]
    return sorted(found, key=lambda mark: mark.step)


def _of(item: Item, part: int) -> Iterator[Mark]:
    if isinstance(item, Call):
        yield from _of_call(item, part)
        return
    if isinstance(item, Damaged):
        yield Mark(item.step, "error", "a line that cannot be read", part)
        return
    match item.event:
        case Challenged():
            yield Mark(item.step, "challenge", item.title, part)
        case LimitReached():
            yield Mark(item.step, "limit", item.title, part)
        case ChangeDropped() | TrialFailed():
            yield Mark(item.step, "error", item.title, part)
        case Submitted():
            yield Mark(item.step, "submission", f"submission, confidence {item.event.submission.confidence:g}", part)
        case Graded():
            yield Mark(item.step, "graded", item.title, part)
        case _:
            pass


def _of_call(call: Call, part: int) -> Iterator[Mark]:
    if call.fault is not None:
        yield Mark(call.step, "fault", f"fault: {call.fault.fault} in {call.tool}", part)
    if call.is_denied:
        yield Mark(call.step, "denied", f"{call.tool} was not allowed", part)
    elif call.asked:
        yield Mark(call.step, "approval", f"approval of {call.tool}", part)
    if call.failed:
        how = f"rejected ({call.rejected.reason})" if call.rejected else "failed"
        yield Mark(call.step, "error", f"{call.tool or 'a call'} {how}", part)
    if call.edits:
        yield Mark(call.step, "edit", f"{call.tool} {', '.join(call.fact.targets[:3])}", part)
    if call.is_test_run and call.result is not None:
        passing = call.fact.exit_code == 0
        tally = call.result.counts
        said = f": {tally.failed} failed, {tally.passed} passed" if tally else ""
        yield Mark(call.step, "green" if passing else "red", f"tests {'pass' if passing else 'fail'}{said}", part)
