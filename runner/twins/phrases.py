"""Turns of prose that say the same in other words, drawn by a seed (`phrases.txt`).

One seed replaces a turn by the same other one wherever it stands, so that texts that quote each other still do.
"""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_SIDE = re.compile(r"(?:\{(?P<before>[^\s{}][^{}]*)\})?(?P<core>[^{}]+)(?:\{(?P<after>.*)\})?")
_EDGE = r"[\w'’{}-]"
"""No turn begins or ends beside one: neither a part of a word, nor text that has a placeholder as its neighbour."""

_BEFORE = 40
"""Characters before a turn that are looked at."""


@dataclass(frozen=True)
class Turn:
    """Some words that may become others, where what stands around them allows it."""

    old: str
    others: tuple[str, ...]
    before: re.Pattern[str] | None
    """What must not end where the turn begins."""
    after: re.Pattern[str] | None
    """What must begin where it ends."""

    def stands(self, text: str, start: int, end: int) -> bool:
        if self.before is not None and self.before.search(text[max(0, start - _BEFORE) : start]):
            return False
        return self.after is None or self.after.match(text, end) is not None


class Phrasing:
    """Says texts otherwise: each turn becomes one of those that may stand for it, the same in all texts."""

    def __init__(self, seed: str, without: Collection[str] = (), share: float = 0.85) -> None:
        """`share` of the turns change, 0 to 1; the others stay as they are, so that one seed is not like the next."""
        drawn = {old: random.Random(f"{seed} {old} stays").random() < share for old in turns()}
        self._turns = {old: turn for old, turn in turns().items() if drawn[old] and old not in without}
        self.chosen = {old: random.Random(f"{seed} {old}").choice(turn.others) for old, turn in self._turns.items()}
        """Turn → what it becomes."""
        longest = sorted(self._turns, key=len, reverse=True)
        self._pattern = re.compile(
            rf"(?<!{_EDGE})(?:{'|'.join(map(re.escape, longest)) or '(?!)'})(?!{_EDGE})", re.IGNORECASE
        )

    def said(self, text: str, kept: Sequence[tuple[int, int]] = ()) -> str:
        """A text in other words; as it is where none of its turns is known, and within the places `kept`, in order."""
        pieces, at = [], 0
        for start, end, old in self.found(text):
            behind = bisect_right(kept, (start, end))
            if any(start < last and first < end for first, last in kept[max(0, behind - 1) : behind + 1]):
                continue
            pieces += [text[at:start], styled(self.chosen[old], text[start:end])]
            at = end
        return "".join([*pieces, text[at:]])

    def found(self, text: str) -> list[tuple[int, int, str]]:
        """Where the turns of a text stand that would be replaced: start, end, turn."""
        found = []
        for match in self._pattern.finditer(text):
            old, start, end = match.group().lower(), match.start(), match.end()
            plain = match.group()[1:] == old[1:]
            if (
                plain
                and self._turns[old].stands(text, start, end)
                and self._keeps_article(text[max(0, start - _BEFORE) : start], old)
            ):
                found.append((start, end, old))
        return found

    def _keeps_article(self, before: str, old: str) -> bool:
        """Whether `a` or `an` before a turn is right before its other words too."""
        article = re.search(r"\ban? \Z", before[-4:], re.IGNORECASE)
        return article is None or (old[0] in "aeiou") == (self.chosen[old][0] in "aeiou")


@cache
def turns() -> dict[str, Turn]:
    """All turns there are, by their words in lower case."""
    found: dict[str, Turn] = {}
    for line in Path(__file__).with_name("phrases.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        first, separator, rest = re.split(r" ([>|]) ", line, maxsplit=1)
        sides = [_SIDE.fullmatch(side) for side in (first, *rest.split(" | "))]
        cores = [side["core"] for side in sides if side is not None]
        for side in sides if separator == "|" else sides[:1]:
            if side is None:
                raise ValueError(f"phrases.txt: {line!r} is no group of turns")
            old = side["core"]
            before, after = side["before"], side["after"]
            found[old] = Turn(
                old,
                tuple(core for core in cores if core != old),
                re.compile(rf"(?:{before})\Z", re.IGNORECASE) if before else None,
                re.compile(after) if after else None,
            )
    return found


def styled(words: str, like: str) -> str:
    return words[0].upper() + words[1:] if like[:1].isupper() else words
