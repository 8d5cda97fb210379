"""Untrusted text made safe and honest for a terminal: what is invisible or acts on the terminal is shown."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that do not show: controls, formats (bidi overrides, zero width), surrogates, separators."""


def visible(text: str, newlines: bool = False) -> str:
    r"""`text` with each control and invisible character as its escape.

    Newlines and tabs stay where `newlines` is set.

    >>> visible("a\x1b[31m\u202eb")
    'a\\x1b[31m\\u202eb'
    """
    kept = {"\n", "\t"} if newlines else set()
    return "".join(
        character if character in kept or unicodedata.category(character) not in _HIDDEN else _escape(character)
        for character in text
    )


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
