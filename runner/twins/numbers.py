"""Numbers of tests that may become others: figures that a test hands in under a name and gets back as they are.

A number changes when nothing seems to do more with it than to pass it on: it stands in its file at least twice, always
as the value of a key in the display of a dictionary (`{"rows": 12}`), and no string of the code has such a key. Its new
one has as many digits and stands at the same place among all numbers of the file when they are sorted. Every other
number stays, for what is expected of it would have to be worked out anew.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Collection, Mapping

import libcst as cst

SMALLEST = 10
"""Numbers of one digit count, or index, more often than they stand for something."""
LARGEST = 10**12
_DIGITS = re.compile(r"[0-9]+")


def digits(text: str) -> set[str]:
    """The numbers in a text, as they are written."""
    return set(_DIGITS.findall(text))


def numbers(seed: str, module: cst.Module, words: Collection[str], fixed: Collection[str]) -> dict[int, int]:
    """Number → its new one, in one file. `words` are those of the code's strings; numbers among `fixed` stay."""
    finder = _Finder()
    module.visit(finder)
    every = sorted(finder.every)
    chosen: dict[int, int] = {}
    for number, count in sorted(finder.keyed.items()):
        passed_on = count >= 2 and count == finder.every[number] and finder.keys[number].isdisjoint(words)
        if not passed_on or not SMALLEST <= number < LARGEST or str(number) in {*fixed, *finder.written}:
            continue
        at = every.index(number)
        size = len(str(number))
        low = max(every[at - 1] + 1 if at else 0, 10 ** (size - 1))
        high = min(every[at + 1] if at + 1 < len(every) else 10**size, 10**size)
        draw = random.Random(f"{seed} {number}")
        new = low + draw.randrange(high - low)
        if new != number and str(new) not in {*fixed, *finder.written}:
            chosen[number] = new
            every[at] = new
    return chosen


class NumberChanger(cst.CSTTransformer):
    """Writes other numbers."""

    def __init__(self, chosen: Mapping[int, int]) -> None:
        super().__init__()
        self._chosen = chosen

    def leave_Integer(self, original_node: cst.Integer, updated_node: cst.Integer) -> cst.Integer:
        new = self._chosen.get(_plain(original_node), None)
        return updated_node if new is None else updated_node.with_changes(value=str(new))


class _Finder(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.every: Counter[int] = Counter()
        """Number → how often it stands in the file."""
        self.keyed: Counter[int] = Counter()
        """And how often of these as the value of a key."""
        self.keys: dict[int, set[str]] = {}
        self.written: set[str] = set()
        """Numbers within other literals."""

    def visit_Integer(self, node: cst.Integer) -> None:
        number = _plain(node)
        if number < 0:
            self.written |= digits(node.value.replace("_", ""))
        else:
            self.every[number] += 1

    def visit_Float(self, node: cst.Float) -> None:
        self.written |= digits(node.value)

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        self.written |= digits(node.value)

    def visit_FormattedStringText(self, node: cst.FormattedStringText) -> None:
        self.written |= digits(node.value)

    def visit_DictElement(self, node: cst.DictElement) -> None:
        key = node.key.raw_value if isinstance(node.key, cst.SimpleString) else None
        if isinstance(key, str) and isinstance(node.value, cst.Integer):
            number = _plain(node.value)
            self.keyed[number] += 1
            self.keys.setdefault(number, set()).add(key)


def _plain(node: cst.Integer) -> int:
    """Its value; -1 for what is written in another way than by digits alone, or too long to be a figure."""
    return int(node.value) if len(node.value) <= 18 and _DIGITS.fullmatch(node.value) else -1
