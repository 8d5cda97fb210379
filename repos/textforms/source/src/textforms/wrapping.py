"""Filling paragraphs to a number of terminal columns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .width import display_width, split_at

_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")


def wrap(text: str, width: int, *, indent: str = "", hanging: str | None = None) -> str:
    """Fill every paragraph of the text to lines of at most `width` columns.

    The first line of a paragraph begins with `indent`, the others with `hanging` (by default the same).
    Words longer than a line are cut.
    """
    if hanging is None:
        hanging = indent
    if max(display_width(indent), display_width(hanging)) + 2 > width:
        raise ValueError("width leaves no room for text")
    paragraphs = _PARAGRAPH.split(text.strip())
    return "\n\n".join("\n".join(_fill(paragraph, width, indent, hanging)) for paragraph in paragraphs)


def _fill(paragraph: str, width: int, indent: str, hanging: str) -> Iterator[str]:
    prefix, line = indent, ""
    for word in paragraph.split():
        joined = f"{line} {word}" if line else word
        if display_width(prefix + joined) <= width:
            line = joined
            continue
        if line:
            yield prefix + line
            prefix = hanging
        room = width - display_width(prefix)
        while display_width(word) > room:
            head, word = split_at(word, room)
            yield prefix + head
            prefix = hanging
            room = width - display_width(prefix)
        line = word
    if line:
        yield prefix + line
