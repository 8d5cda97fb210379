"""How much of the reference fix a patch repeats: a hint at memory where the fix has other forms."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher

from runner.events.grading import Overlap

TOKEN = re.compile(r"\w+|[^\w\s]")
WORD = re.compile(r"\w")
MOST_TOKENS = 2_000
"""Tokens of either side that are compared in order; the time grows with their product."""


def overlap(patch: str, reference: str) -> Overlap | None:
    """What both add; None where one of them adds nothing, or nothing but brackets.

    Lines that hold no word are anybody's and count neither way. A short fix has few forms, so that a high overlap of
    one alone says little: compare public scenarios with private ones. Moved lines count wherever they stand. Tokens are
    compared as in Ratcliff and Metzener 1988, so that a patch which adds much does not have everything by chance.
    """
    ours, theirs = ([line for line in added(each) if WORD.search(line)] for each in (patch, reference))
    if not ours or not theirs:
        return None
    both = sum((Counter(ours) & Counter(theirs)).values())
    mine, its = (TOKEN.findall("\n".join(lines))[:MOST_TOKENS] for lines in (ours, theirs))
    same = SequenceMatcher(None, mine, its, autojunk=False).ratio()
    return Overlap(verbatim=both / len(theirs), tokens=same)


def added(patch: str) -> list[str]:
    """The lines that a unified diff adds, without white space at either end; blank ones left out."""
    lines, inside = [], False
    for line in patch.splitlines():
        if line.startswith("diff --git "):
            inside = False
        elif line.startswith("@@"):
            inside = True
        elif inside and line.startswith("+") and (text := " ".join(line[1:].split())):
            lines.append(text)
    return lines
