"""A mutant as edits that a tool can make and unmake: each replaces text that occurs exactly once."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from runner.models.repair.changes import Splice
from runner.models.repair.mutants import applied

NEAR = 80
"""Splices that are at most so many bytes apart become one edit."""


@dataclass(frozen=True)
class Edit:
    path: str
    old: str
    new: str

    def undone(self) -> Edit:
        return Edit(self.path, self.new, self.old)


def edits(path: str, text: str, splices: Sequence[Splice]) -> tuple[Edit, ...]:
    """The edits that apply `splices`, to be made in order and unmade in reverse."""
    made: list[Edit] = []
    for splice in sorted(_merged(text, splices), reverse=True):
        changed = applied(text, [splice])
        made.append(between(path, text, changed))
        text = changed
    return tuple(made)


def _merged(text: str, splices: Sequence[Splice]) -> list[Splice]:
    """Splices that are near each other as one."""
    data = text.encode()
    merged: list[Splice] = []
    for splice in sorted(splices):
        if merged and splice.start - merged[-1].end <= NEAR:
            last = merged.pop()
            kept = data[last.end : splice.start].decode()
            splice = Splice(last.start, splice.end, last.text + kept + splice.text)
        merged.append(splice)
    return merged


def between(path: str, before: str, after: str) -> Edit:
    """The smallest edit of whole lines that makes `before` into `after` and back again."""
    old, new = before.split("\n"), after.split("\n")
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    upward = True
    while head or tail:
        one, two = "\n".join(old[head : len(old) - tail]), "\n".join(new[head : len(new) - tail])
        if one.strip() and two.strip() and before.count(one) == 1 and after.count(two) == 1:
            return Edit(path, one, two)
        if head and (upward or not tail):
            head -= 1
        else:
            tail -= 1
        upward = not upward
    return Edit(path, before, after)


def shown(made: Sequence[Edit]) -> tuple[str, str]:
    """The lines that edits take away and those that they bring, for people to read."""
    lines = [line for edit in made for line in difflib.ndiff(edit.old.split("\n"), edit.new.split("\n"))]
    gone, come = ([line[2:].strip() for line in lines if line.startswith(sign)] for sign in ("- ", "+ "))
    return " ⏎ ".join(gone), " ⏎ ".join(come)
