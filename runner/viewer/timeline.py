"""A trial's time line: its marks in lanes, placed by step, and what it had spent along the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from runner.reading.marks import LANES, SIGNS, Kind, Mark
from runner.reading.reader import Reading

COLUMNS = 120
"""Marks that are nearer than that are drawn as one."""
WORST: Sequence[Kind] = ("denied", "red", "limit", "fault", "challenge", "error", "approval", "edit", "green")
"""Which of several marks in one place is drawn."""


@dataclass(frozen=True)
class Dot:
    """One mark, or several in one place."""

    x: float
    """Per cent of the width."""
    step: int
    """The first one's."""
    kind: Kind
    sign: str
    words: str


@dataclass(frozen=True)
class Lane:
    name: str
    dots: Sequence[Dot]
    steps: str
    """Of all its marks, with blanks between: what the keys go through."""


@dataclass(frozen=True)
class Timeline:
    lanes: Sequence[Lane]
    line: str
    """Spent along the way, as points in a box of 1000 × 100; empty where nothing was."""
    unit: str
    total: str


def timeline(reading: Reading, marks: Sequence[Mark]) -> Timeline:
    span = max(1, reading.steps - 1)
    lanes = [_lane(name, [mark for mark in marks if mark.kind in kinds], span) for name, kinds in LANES.items()]
    return Timeline([lane for lane in lanes if lane.dots], *_spent(reading, span))


def _lane(name: str, marks: Sequence[Mark], span: int) -> Lane:
    places: defaultdict[int, list[Mark]] = defaultdict(list)
    for mark in marks:
        places[mark.step * COLUMNS // span].append(mark)
    return Lane(name, [_dot(here, span) for here in places.values()], " ".join(str(mark.step) for mark in marks))


def _dot(marks: Sequence[Mark], span: int) -> Dot:
    shown = min(marks, key=lambda mark: WORST.index(mark.kind) if mark.kind in WORST else -1)
    more = f", and {len(marks) - 1} more here" if len(marks) > 1 else ""
    x = round(1.5 + 97 * shown.step / span, 2)
    return Dot(x, shown.step, shown.kind, SIGNS[shown.kind], f"step {shown.step}: {shown.words}{more}")


def _spent(reading: Reading, span: int) -> tuple[str, str, str]:
    """Money where any was spent, else tokens, where any were counted."""
    parts = reading.parts
    money = bool(parts) and parts[-1].usd > 0
    values = [part.usd if money else part.tokens for part in parts]
    if not values or not values[-1]:
        return "", "", ""
    thinned = [at for at in range(len(parts)) if at % max(1, len(parts) // 300) == 0 or at == len(parts) - 1]
    points = [f"{1000 * parts[at].last / span:.0f},{100 - 96 * values[at] / values[-1]:.0f}" for at in thinned]
    total = f"${values[-1]:.3f}" if money else f"{values[-1]:,} tokens"
    return " ".join(["0,100", *points]), "cost" if money else "tokens", total
