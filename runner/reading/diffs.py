"""An edit side by side: the lines that went, those that came, and those that stayed between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from rapidfuzz.distance import Indel

MOST_LINES = 1200
"""Of either side; longer texts are not aligned."""
MOST_CHARACTERS = 400_000
"""Of all lines that would be shown; a line may be as long as it likes."""
MOST_ALIKE = 20_000
"""Pairs of equal lines with which difflib is quick; it may take a minute over what repeats one line on both sides."""


@dataclass(frozen=True)
class Side:
    """One line of one side."""

    number: int
    """From 1."""
    text: str


@dataclass(frozen=True)
class Pair:
    """Two lines that stand beside each other; None where a side has none. Of `fold`, neither has."""

    kind: Literal["same", "changed", "fold"]
    old: Side | None = None
    new: Side | None = None
    folded: int = 0
    """Equal lines that are left out here."""


def side_by_side(old: str, new: str, context: int = 3) -> list[Pair] | None:
    """Two texts aligned by their lines; equal ones beyond `context` folded. None for texts that are too long."""
    before, after = (text.removesuffix("\n").split("\n") if text else [] for text in (old, new))
    if max(len(before), len(after)) > MOST_LINES:
        return None
    blocks = _blocks(before, after)
    pairs: list[Pair] = []
    for at, (is_equal, start, end, new_start, new_end) in enumerate(blocks):
        if is_equal:
            same = [
                Pair("same", Side(start + n + 1, before[start + n]), Side(new_start + n + 1, after[new_start + n]))
                for n in range(end - start)
            ]
            pairs += _folded(same, context if at else 0, context if at < len(blocks) - 1 else 0)
        else:
            pairs += _changed(before, after, range(start, end), range(new_start, new_end))
    shown = sum(len(side.text) for pair in pairs for side in (pair.old, pair.new) if side is not None)
    return pairs if shown <= MOST_CHARACTERS else None


def _blocks(before: Sequence[str], after: Sequence[str]) -> list[tuple[bool, int, int, int, int]]:
    """Whether lines are equal, and their range on either side; each block of others stands for all between two equal.

    difflib's blocks read best. Where they could take long a longest common subsequence takes their place.
    """
    there = Counter(after)
    if sum(count * there[line] for line, count in Counter(before).items()) <= MOST_ALIKE:
        codes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        return [(tag == "equal", start, end, low, high) for tag, start, end, low, high in codes]
    blocks: list[tuple[bool, int, int, int, int]] = []
    old = new = 0
    for code in [*Indel.opcodes(before, after), None]:
        if code is not None and code.tag != "equal":
            continue
        start, new_start = (code.src_start, code.dest_start) if code is not None else (len(before), len(after))
        if (old, new) != (start, new_start):
            blocks.append((False, old, start, new, new_start))
        if code is not None:
            old, new = code.src_end, code.dest_end
            blocks.append((True, start, old, new_start, new))
    return blocks


def _changed(before: Sequence[str], after: Sequence[str], old: range, new: range) -> Iterator[Pair]:
    for n in range(max(len(old), len(new))):
        yield Pair(
            "changed",
            Side(old[n] + 1, before[old[n]]) if n < len(old) else None,
            Side(new[n] + 1, after[new[n]]) if n < len(new) else None,
        )


def _folded(same: list[Pair], first: int, last: int) -> list[Pair]:
    between = len(same) - first - last
    if between < 2:
        return same
    return [*same[:first], Pair("fold", folded=between), *same[len(same) - last :]]
