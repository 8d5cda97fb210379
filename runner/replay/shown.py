"""Changed files as people read them: a git patch, and lines side by side."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from runner.checkout import difference
from runner.replay.files import FileChange
from sandboxes.archive import Entry

MOST = 1 << 20
"""Bytes of a file that is compared line by line."""
MOST_PAIRS = 4_000_000
"""Lines of one side times lines of the other that are aligned with each other."""


@dataclass(frozen=True)
class Row:
    """One line on either side, with its number from 1; a side that has none is None."""

    kind: Literal["same", "changed", "removed", "added"]
    left: tuple[int, str] | None
    right: tuple[int, str] | None


def unified(found: Mapping[str, FileChange]) -> str:
    """A git patch, binary files included."""
    before = {path: change.before for path, change in found.items() if change.before is not None}
    after = {path: change.after for path, change in found.items() if change.after is not None}
    return difference(before, after)


def side_by_side(change: FileChange) -> list[Row] | None:
    """Both sides line by line; None for what is no UTF-8 text, or too large."""
    left, right = _lines(change.before), _lines(change.after)
    if left is None or right is None:
        return None
    rows: list[Row] = []
    for kind, low, high, other_low, other_high in _aligned(left, right):
        rows += _rows(kind, list(_numbered(left, low, high)), list(_numbered(right, other_low, other_high)))
    return rows


def _aligned(left: list[str], right: list[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """As `SequenceMatcher.get_opcodes`; what is between the first and last change is one, where it is too much."""
    head = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))
    room = min(len(left), len(right)) - head
    pairs = zip(reversed(left), reversed(right), strict=False)
    tail = min(room, sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)))
    low, high, other = head, len(left) - tail, len(right) - tail
    yield "equal", 0, head, 0, head
    if (high - low) * (other - low) > MOST_PAIRS:
        yield "replace", low, high, low, other
    else:
        matcher = difflib.SequenceMatcher(a=left[low:high], b=right[low:other], autojunk=False)
        for kind, *places in matcher.get_opcodes():
            first, last, other_first, other_last = (low + place for place in places)
            yield kind, first, last, other_first, other_last
    yield "equal", high, len(left), other, len(right)


def _rows(kind: str, left: list[tuple[int, str]], right: list[tuple[int, str]]) -> Iterator[Row]:
    for at in range(max(len(left), len(right))):
        old = left[at] if at < len(left) else None
        new = right[at] if at < len(right) else None
        if kind == "equal":
            yield Row("same", old, new)
        elif old is None or new is None:
            yield Row("added" if old is None else "removed", old, new)
        else:
            yield Row("changed", old, new)


def _numbered(lines: list[str], low: int, high: int) -> Iterator[tuple[int, str]]:
    return ((number + 1, lines[number]) for number in range(low, high))


def _lines(entry: Entry | None) -> list[str] | None:
    """The lines without their ends; a link is a line that says where it leads."""
    if entry is None:
        return []
    if entry.is_link:
        return [f"→ {entry.data.decode('utf-8', 'replace')}"]
    if len(entry.data) > MOST or b"\0" in entry.data:
        return None
    try:
        return entry.data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return None
