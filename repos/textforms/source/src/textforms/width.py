"""Columns of a terminal: how many a text takes, padding and cutting to a number of them."""

from __future__ import annotations

import unicodedata
from typing import Literal

Align = Literal["left", "right", "center"]

# Marks that sit on their predecessor, and characters that are not drawn at all.
_ZERO_WIDTH = frozenset({"Mn", "Me", "Cf", "Cc"})
_DOUBLE_WIDTH = frozenset({"W", "F"})


def char_width(char: str) -> int:
    """The columns a single character takes: 0, 1 or 2."""
    if unicodedata.category(char) in _ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(char) in _DOUBLE_WIDTH else 1


def display_width(text: str) -> int:
    """The columns a text without line breaks takes."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(map(char_width, text))


def pad(text: str, width: int, align: Align = "left") -> str:
    """The text filled up with spaces to `width` columns; a wider text stays as it is."""
    missing = max(width - display_width(text), 0)
    if align == "right":
        return " " * missing + text
    if align == "center":
        left = missing // 2
        return " " * left + text + " " * (missing - left)
    return text + " " * missing


def split_at(text: str, width: int) -> tuple[str, str]:
    """Cut the text in two: as much as fits into `width` columns, and the rest."""
    used = 0
    for index, char in enumerate(text):
        used += char_width(char)
        if used > width:
            return text[:index], text[index:]
    return text, ""


def truncate(text: str, width: int, ellipsis: str = "…") -> str:
    """The text cut to `width` columns, ending in the ellipsis where something was cut."""
    if width < 0:
        raise ValueError("width must not be negative")
    if display_width(text) <= width:
        return text
    room = width - display_width(ellipsis)
    if room < 0:
        return split_at(text, width)[0]
    return split_at(text, room)[0] + ellipsis
