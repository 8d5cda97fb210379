"""Head and tail of a text, and how much lies between them."""

from __future__ import annotations

from dataclasses import dataclass

HEAD_LINES, TAIL_LINES = 14, 10
HEAD_CHARACTERS, TAIL_CHARACTERS = 2000, 1500


@dataclass(frozen=True)
class Excerpt:
    """A text, or its two ends; all of it where nothing was left out."""

    head: str
    tail: str = ""
    left_out: int = 0
    """Characters between head and tail."""
    lines_left_out: int = 0
    """Line ends between head and tail."""
    characters: int = 0
    """Of the whole text."""

    @property
    def whole(self) -> bool:
        return not self.left_out

    def __bool__(self) -> bool:
        return bool(self.head)


def excerpt(text: str, factor: float = 1.0) -> Excerpt:
    """The two ends of a text, whole lines where those are short; `factor` times the usual room.

    What would leave out less than it keeps is left whole.
    """
    most_head, most_tail = int(HEAD_CHARACTERS * factor), int(TAIL_CHARACTERS * factor)
    head = _lines_end(text, int(HEAD_LINES * factor), most_head)
    tail = _lines_start(text, int(TAIL_LINES * factor), most_tail)
    is_short = len(text) <= 2 * (most_head + most_tail)
    if is_short and tail - head <= max(400, (head + len(text) - tail) // 2):
        return Excerpt(text, characters=len(text))
    between = text.count("\n", head, tail)
    return Excerpt(text[:head], text[tail:], tail - head, between, len(text))


def _lines_end(text: str, lines: int, characters: int) -> int:
    """Where the first lines end, their last line end included."""
    at = 0
    for _ in range(lines):
        end = text.find("\n", at, characters)
        if end < 0:
            return min(len(text), characters) if at == 0 or len(text) <= characters else at
        at = end + 1
    return at


def _lines_start(text: str, lines: int, characters: int) -> int:
    """Where the last lines begin."""
    floor = max(0, len(text) - characters)
    at = len(text)
    for _ in range(lines):
        start = text.rfind("\n", floor, max(floor, at - 1))
        if start < 0:
            return floor if at == len(text) or floor == 0 else at
        at = start + 1
    return at
