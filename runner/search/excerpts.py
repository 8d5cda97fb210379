"""The place in a text that a query is about, with some of what stands around it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from runner.messages import Frozen
from runner.search.query import Phrase

AROUND = 160
"""Characters that are shown before and behind a word that was found, about."""


ESCAPES = re.compile(r"\x1b(?:\[[0-9;:?<=>]*[ -/]*[@-~]|[()][0-9A-B]|[=>78])|\x9b[0-9;?]*[@-~]")
"""What colours a terminal and moves its cursor (ECMA-48, 5.4): it stands within words and is no part of them."""


def without_escapes(text: str) -> str:
    """With blanks in the place of each, so that whatever else there is stays in its own.

    >>> without_escapes("a \x1b[31mred word")
    'a      red word'
    """
    return ESCAPES.sub(lambda found: " " * len(found[0]), text)


class Part(Frozen):
    """A piece of an excerpt; `hit` where it is what was looked for. Untrusted text, as it is."""

    text: str
    hit: bool = False


def excerpt(text: str, phrases: Sequence[Phrase]) -> tuple[Part, ...]:
    """About the first word that was looked for, or from the text's beginning where there is none in it."""
    wanted = [phrase for phrase in phrases if not phrase.refused]
    pattern = _pattern(wanted)
    plain = _without_marks(without_escapes(text))
    first = pattern.search(plain) if pattern else None
    middle = first.start() if first else 0
    start, end = max(0, middle - AROUND), min(len(text), middle + 2 * AROUND)
    start = _between(text, start, middle) if start else 0
    found = []
    at = start
    for match in pattern.finditer(plain, start, end) if pattern else ():
        if match.end() > match.start():
            found += [Part(text=text[at : match.start()]), Part(text=text[match.start() : match.end()], hit=True)]
            at = match.end()
    found.append(Part(text=text[at:end] + ("…" if end < len(text) else "")))
    if start:
        found.insert(0, Part(text="…"))
    return tuple(part for part in found if part.text)


def _between(text: str, start: int, end: int) -> int:
    """The next beginning of a word."""
    space = re.compile(r"\s").search(text, start, end)
    return space.end() if space else start


def _pattern(phrases: Sequence[Phrase]) -> re.Pattern[str] | None:
    """Words one behind the other with no letter or digit between them, as the index's tokens are."""
    found = []
    for phrase in phrases:
        words = re.findall(r"[^\W_]+", _without_marks(phrase.text))
        if words:
            end = "" if phrase.prefix else r"(?![^\W_])"
            found.append(r"(?<![^\W_])" + r"[\W_]{1,8}".join(map(re.escape, words)) + end)
    return re.compile("|".join(found), re.IGNORECASE) if found else None


def _without_marks(text: str) -> str:
    """Letters without their accents, each in its place, so that a match in one is a match in the other."""
    if text.isascii():
        return text
    return "".join(_bare(each) if ord(each) > 127 else each for each in text)


def _bare(character: str) -> str:
    base = unicodedata.normalize("NFD", character)[0]
    return base if base.isalpha() else character
