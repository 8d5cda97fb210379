"""Which turns of messages may change, so that no test, and no code, notices.

A message is what an error, a log entry, a warning or a print says. Its turns (`runner.twins.phrases`) become others
wherever they stand in messages, and in strings of tests and code parts of texts that quote a message word for word. A
turn stays when anything else may depend on it: a string that shares words with it and may be looked for in a message, a
quote that cuts it, a data file, a fact of the instruction, or a message that only the reference has, since nobody could
know how to word that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from runner.twins.phrases import Phrasing, turns
from runner.twins.strings import KEPT
from runner.twins.texts import parts

_QUOTED = re.compile(r"\"([^\"\n]+)\"|“([^”\n]+)”")
_LETTERS = re.compile(r"[^\W\d_]+")
APOSTROPHES = frozenset(old for old, turn in turns().items() if "'" in "".join([old, *turn.others]))
"""Turns that a string's quotes might not bear."""


@dataclass
class Seen:
    """What a subject's strings, texts and other files hold."""

    messages: set[str] = field(default_factory=set)
    """Of the base's code."""
    reference: set[str] = field(default_factory=set)
    """Messages that only the solved tree has."""
    expected: set[str] = field(default_factory=set)
    """Strings of tests, as they are written."""
    code: set[str] = field(default_factory=set)
    """Other strings of the code."""
    told: set[str] = field(default_factory=set)
    """Code parts and quotes of what a model is told."""
    fixed: list[str] = field(default_factory=list)
    """Texts of which no turn may change: facts, parts of test ids."""
    data: list[str] = field(default_factory=list)
    """Texts of other files, which may hold what a message says."""


def wording(seed: str, seen: Seen, without: Collection[str]) -> Phrasing:
    """How the messages are said, with every turn left out that something may depend on."""
    left_out = {*without, *APOSTROPHES}
    data = [text.lower() for text in seen.data]
    in_data = cache(lambda words: any(words in text for text in data))
    while True:
        phrasing = Phrasing(seed, left_out, share=1.0)
        more = set(_noticed(phrasing, seen, in_data))
        if not more:
            return phrasing
        left_out |= more


def quotes(string: str, messages: Iterable[str]) -> bool:
    """Whether a string, or a regular expression, says a part of a message word for word."""
    plain = unescaped(string)
    return bool(plain.strip()) and any(plain in message and _is_part(plain, message) for message in messages)


def unescaped(expression: str) -> str:
    r"""What a plain regular expression looks for: `2\.5` is `2.5`."""
    return re.sub(r"\\([^\w\s])", r"\1", expression)


def told_parts(text: str) -> Iterator[str]:
    """The code parts of a text, and what it quotes, without their marks."""
    for part, code in parts(text):
        if code:
            yield part.strip("`\n")
        else:
            yield from (next(filter(None, found.groups())) for found in _QUOTED.finditer(part))


def _noticed(phrasing: Phrasing, seen: Seen, in_data: Callable[[str], bool]) -> Iterator[str]:
    """Turns of messages that something else may depend on; `in_data`: whether other files hold some words."""
    holding: dict[str, list[str]] = {}
    around: dict[str, set[str]] = {}
    for message in seen.messages:
        for start, end, old in phrasing.found(message):
            holding.setdefault(old, []).append(message)
            around.setdefault(old, set()).add(_with_neighbours(message, start, end))
    every = {word for old in holding for word in _words(old)}
    read = [(text, _words(text)) for text in {*seen.expected, *seen.told}]
    new = {message: phrasing.said(message) for message in seen.messages}
    every_message = "\n".join(seen.messages)
    followed = {
        text: _follows(text, new, seen.reference, phrasing)
        for text, own in read
        if every & own and unescaped(text) in every_message
    }
    sought = [_words(KEPT.sub(" ", text)) for text in seen.code]
    fixed = [text.lower() for text in seen.fixed]
    for old, messages in holding.items():
        words = _words(old)
        said = [_words(message) for message in messages]
        sharing = (text for text, own in read if words & own)
        if (
            any(old in text for text in fixed)
            or any(map(in_data, around[old]))
            or any(_may_be_sought(own, words, said) for own in sought)
            or any(_depends(text, old, said, followed.get(text)) for text in sharing)
        ):
            yield old


def _follows(text: str, messages: Mapping[str, str], reference: set[str], phrasing: Phrasing) -> bool | None:
    """Whether a string that quotes messages (old → new) quotes their new ones when it is said otherwise as well.

    None for one that quotes none; `reference` are messages that stay.
    """
    plain, said = unescaped(text), unescaped(phrasing.said(text))
    quoted = [new for old, new in messages.items() if plain in old and _is_part(plain, old)] if plain.strip() else []
    if not quoted:
        return None
    return not quotes(text, reference) and all(_is_part(said, new) for new in quoted)


def _depends(text: str, old: str, said: list[set[str]], follows: bool | None) -> bool:
    """Whether a string that shares words with a turn says more of a message, or less, than may change."""
    if follows is not None:
        return not follows
    lower = text.lower()
    return old in lower or _may_be_sought(_words(KEPT.sub(" ", text)), _words(old), said) or _is_cut(lower, old)


def _with_neighbours(message: str, start: int, end: int) -> str:
    """A turn with the words beside it, in lower case: what a file holds that holds the message."""
    before = re.search(r"(?:\w+ ){1,2}\Z", message[max(0, start - 40) : start])
    after = re.match(r"(?: \w+){1,2}", message[end : end + 40])
    return f"{before.group() if before else ''}{message[start:end]}{after.group() if after else ''}".lower()


def _words(text: str) -> set[str]:
    return set(_LETTERS.findall(text.lower()))


def _may_be_sought(own: set[str], words: set[str], said: list[set[str]]) -> bool:
    """Whether all words of a text are a message's, some of them the turn's."""
    return bool(own & words) and any(own <= message for message in said)


def _is_cut(text: str, old: str) -> bool:
    """Whether a text begins or ends within a turn."""
    parts_of = old.split()
    ends = [" ".join(parts_of[:at]) for at in range(1, len(parts_of))]
    begins = [" ".join(parts_of[at:]) for at in range(1, len(parts_of))]
    bare = text.strip()
    return any(re.search(rf"\b{re.escape(end)}\Z", bare) for end in ends) or any(
        re.match(rf"{re.escape(begin)}\b", bare) for begin in begins
    )


def _is_part(text: str, message: str) -> bool:
    """Whether it stands in a message, from word to word."""
    edges = (r"(?<!\w)" if text[:1].isalnum() else "", r"(?!\w)" if text[-1:].isalnum() else "")
    return re.search(f"{edges[0]}{re.escape(text)}{edges[1]}", message) is not None
