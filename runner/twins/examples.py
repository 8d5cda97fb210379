"""Which example words of tests may become others: names of people and things that stand for anything (`examples.txt`).

A word becomes another one of its kind that is as long, and stands at the same place among all words of the tests when
they are sorted, and holds and is held by the same ones. Then whatever compares, sorts, counts, cuts or encodes letters
does the same with it. A word stays when it may mean something: it is an identifier, or stands in the code, in a data
file, in a path, in a test's id, in the prose of an instruction, or within an escape or a format.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path

from runner.twins.strings import KEPT, outside_kept

MOST_WORDS = 20_000
"""Different ones in all strings, beyond which none changes."""
_SHORTEST = 3
"""Shorter words may be parts of others: keys of one letter say nothing."""
LETTERS = re.compile(r"[^\W\d_]+")


def letters(text: str) -> set[str]:
    """The words of a text, in lower case."""
    return {word.lower() for word in LETTERS.findall(text)}


def examples(seed: str, strings: Iterable[str], fixed: Collection[str]) -> dict[str, str]:
    """Word → its new one, both in lower case. `strings` are the tests' as they are written; `fixed` words stay."""
    every, may_change = _words(strings)
    if len(every) > MOST_WORDS:
        return {}
    chosen: dict[str, str] = {}
    for word in sorted(may_change - {*fixed}):
        options = [other for other in _kinds().get(word, ()) if other not in every and other not in fixed]
        random.Random(f"{seed} {word}").shuffle(options)
        for other in options:
            if other not in chosen.values() and _fits(word, other, every, chosen):
                chosen[word] = other
                break
    return chosen


def known(strings: Iterable[str]) -> set[str]:
    """The words of strings that could be examples."""
    return {word for string in strings for word in letters(KEPT.sub(" ", string)) if word in _kinds()}


def with_examples(source: str, chosen: Mapping[str, str]) -> str:
    """A string as it is written, with other words."""
    return outside_kept(source, lambda text: LETTERS.sub(lambda word: in_style(word.group(), chosen), text))


def in_style(word: str, chosen: Mapping[str, str]) -> str:
    """Its other word in the same case; the word itself where it has none."""
    other = chosen.get(word.lower(), word)
    return other.upper() if word.isupper() else other.capitalize() if word.istitle() else other


def _words(strings: Iterable[str]) -> tuple[set[str], set[str]]:
    """All words, and those that stand as plain words wherever they stand."""
    every: set[str] = set()
    bound: set[str] = set()
    for string in strings:
        kept = {letter for each in KEPT.findall(string) for letter in letters(each) | letters(each[1:])}
        found = LETTERS.findall(KEPT.sub(" ", string))
        every |= kept | {word.lower() for word in found}
        bound |= kept | {word.lower() for word in found if not (word.islower() or word.isupper() or word.istitle())}
    return every, every - bound


def _fits(word: str, other: str, every: Collection[str], chosen: Mapping[str, str]) -> bool:
    """Whether it stands to all other words as the old one does."""
    for old in every:
        if old == word:
            continue
        new = chosen.get(old, old)
        within = len(old) >= _SHORTEST and ((word in old) != (other in new) or (old in word) != (new in other))
        if within or (word < old) != (other < new):
            return False
    return True


@cache
def _kinds() -> dict[str, tuple[str, ...]]:
    """Word → the others of its kinds that are as long."""
    found: dict[str, list[str]] = {}
    for line in Path(__file__).with_name("examples.txt").read_text(encoding="utf-8").splitlines():
        words = line.split() if not line.startswith("#") else []
        for word in words:
            found.setdefault(word, []).extend(each for each in words if len(each) == len(word) and each != word)
    return {word: tuple(dict.fromkeys(others)) for word, others in found.items()}
