"""Untrusted text made safe and honest for a terminal: what is invisible or acts on the terminal is shown."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that do not show: controls, formats (bidi overrides, zero width), surrogates, separators."""

_BLANK = frozenset(
    chr(code)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180D),
        (0x180F, 0x180F),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0D),
        (0xFFA0, 0xFFA0),
        (0x1D159, 0x1D159),
        (0xE0100, 0xE01EF),
    )
    for code in range(first, last + 1)
)
"""Letters, marks and signs that do not show either: joiners, fillers, variation selectors (but for the two of emoji),
the braille cell without a dot, the note without a head."""


def visible(text: str, newlines: bool = False) -> str:
    r"""`text` with each control and invisible character as its escape.

    Newlines and tabs stay where `newlines` is set.

    >>> visible("a\x1b[31m\u202eb")
    'a\\x1b[31m\\u202eb'
    """
    plain = text.replace("\n", "").replace("\t", "") if newlines else text
    if plain.isascii() and plain.isprintable():
        return text
    kept = {"\n", "\t"} if newlines else set()
    return "".join(
        character if character in kept or not _hides(character) else _escape(character) for character in text
    )


def _hides(character: str) -> bool:
    return character in _BLANK or unicodedata.category(character) in _HIDDEN


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
