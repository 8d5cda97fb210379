"""How much of the reference fix a patch repeats: a hint at memory where the fix has other forms."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher

from runner.events import Overlap

TOKEN = re.compile(r"\w+|[^\w\s]")
MOST_TOKENS = 2_000
"""Tokens of either side that are compared in order; the time grows with their product."""


def overlap(patch: str, reference: str) -> Overlap | None:
    """Of the lines and tokens that `reference` adds, what `patch` adds as well; None where one of them adds nothing.

    A short fix has few forms, so that a high overlap of one alone says little: compare public scenarios with private
    ones. Moved lines count wherever they stand.
    """
    ours, theirs = added(patch), added(reference)
    if not ours or not theirs:
        return None
    both = sum((Counter(ours) & Counter(theirs)).values())
    mine, its = (TOKEN.findall("\n".join(lines))[:MOST_TOKENS] for lines in (ours, theirs))
    if not its:
        return None
    same = sum(block.size for block in SequenceMatcher(None, mine, its, autojunk=False).get_matching_blocks())
    return Overlap(verbatim=both / len(theirs), tokens=same / len(its))


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
