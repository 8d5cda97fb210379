"""Readable new names: words of the old name in other words, in the same style, drawn by a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator
from functools import cache
from itertools import count
from pathlib import Path

QUALIFIERS = (
    "main", "plain", "own", "chosen", "actual", "inner", "given", "single", "proper", "common", "usual", "local",
    "special", "simple", "noted", "marked", "steady", "quiet", "bright", "amber", "north", "river", "cedar", "copper",
)  # fmt: skip
"""Stand before a name of which no word is known, or when all other words are taken."""

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W_]+")


class Namer:
    """Gives names others, in one voice: a word becomes the same word in each of them, as far as that is free."""

    def __init__(self, seed: str, taken: Collection[str]) -> None:
        self._draw = random.Random(seed)
        self._taken = set(taken)
        self._voice: dict[str, str] = {}

    def other(self, name: str) -> str:
        """Another name of the same style (`snake_case`, `CamelCase`, `CONSTANT`, underscores around it), not taken.

        >>> Namer("1", {"topmost_tries"}).other("_max_attempts")
        '_maximum_tries'
        """
        plain = name.strip("_")
        front, _, back = name.partition(plain)
        for words in self._candidates([part.lower() for part in _PART.findall(plain)]):
            found = f"{front}{_styled(words, plain)}{back}"
            if found not in self._taken:
                self._taken.add(found)
                return found
        raise AssertionError("there are always more candidates")

    def _candidates(self, parts: list[str]) -> Iterator[list[str]]:
        """Other words for the parts of a name, then the name with a word before it, at last with a number behind."""
        choices = [_others(part) for part in parts]
        if any(choices):
            for part, found in zip(parts, choices, strict=True):
                self._voice.setdefault(part, self._draw.choice(found) if found else part)
            yield [self._voice[part] for part in parts]
            for _ in range(12):
                yield [self._draw.choice(found) if found else part for part, found in zip(parts, choices, strict=True)]
        for _ in range(24):
            yield [self._draw.choice(QUALIFIERS), *parts]
        for number in count(2):
            yield [self._draw.choice(QUALIFIERS), *parts, str(number)]


def _styled(words: list[str], like: str) -> str:
    if like.isupper():
        return "_".join(words).upper()
    if "_" not in like and like[:1].isupper():
        return "".join(word.capitalize() for word in words)
    if "_" not in like and not like.islower():
        return words[0] + "".join(word.capitalize() for word in words[1:])
    return "_".join(words)


def _others(word: str) -> list[str]:
    """What may stand for a word, its plural for a plural."""
    found = _groups()
    if word in found:
        return found[word]
    if word.endswith("ies") and word[:-3] + "y" in found:
        return [_plural(each) for each in found[word[:-3] + "y"]]
    if word.endswith("es") and word[:-2] in found:
        return [_plural(each) for each in found[word[:-2]]]
    if word.endswith("s") and word[:-1] in found:
        return [_plural(each) for each in found[word[:-1]]]
    return []


def _plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")


@cache
def _groups() -> dict[str, list[str]]:
    """Word → those that may stand for it."""
    found: dict[str, list[str]] = {}
    for line in Path(__file__).with_name("synonyms.txt").read_text(encoding="utf-8").splitlines():
        words = line.split() if not line.startswith("#") else []
        for word in words:
            found.setdefault(word, []).extend(other for other in words if other != word)
    return found
