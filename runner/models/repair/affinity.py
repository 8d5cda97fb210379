"""How much a place in the source has to do with what is said of the fault: the bug report as a query.

The vector space model of information retrieval, which locates bugs in Zhou, Zhang, Lo: "Where should the bugs be
fixed?" (ICSE 2012); documents are functions, methods, classes and constants, a word counts once in each.
"""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping

STEM = 5
"""Letters of a word that count: rounds, rounded and rounding are one."""

Place = tuple[str, str]
"""A path and a qualified name within it."""


class Affinity:
    """Compares places of some sources with one report."""

    def __init__(self, sources: Mapping[str, str], report: str) -> None:
        documents = {(path, name): words(text) for path, whole in sources.items() for name, text in places(whole)}
        self._total = len(documents)
        self._frequency = Counter(word for found in documents.values() for word in found)
        self._report = words(report)
        alike = {place: self._cosine(found | words(place[1])) for place, found in documents.items()}
        most = max(alike.values(), default=0.0) or 1.0
        self._alike = {place: value / most for place, value in alike.items()}

    def of(self, place: Place) -> float:
        """0..1: 1 for the place that is most like the report."""
        return self._alike.get(place, 0.0)

    def line(self, text: str) -> float:
        """0..1: the cosine of one line's words and the report's."""
        return self._cosine(words(text))

    def _weight(self, word: str) -> float:
        """Inverse document frequency: a word that is everywhere says nothing."""
        return math.log((1 + self._total) / (1 + self._frequency[word]))

    def _cosine(self, found: set[str]) -> float:
        shared = sum(self._weight(word) ** 2 for word in found & self._report)
        lengths = self._length(found) * self._length(self._report)
        return shared / lengths if lengths else 0.0

    def _length(self, found: set[str]) -> float:
        return math.sqrt(sum(self._weight(word) ** 2 for word in found))


def words(text: str) -> set[str]:
    """The stems of the words in prose and in identifiers of all styles."""
    found: list[str] = re.findall(r"[A-Z]?[a-z]{2,}|[A-Z]{3,}", text)
    return {word.lower()[:STEM] for word in found}


def places(text: str) -> Iterator[tuple[str, str]]:
    """The qualified name and the source of every definition, those within others too."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    yield from _within(tree, "", text.split("\n"))


def _within(node: ast.AST, prefix: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    for child in ast.iter_child_nodes(node):
        name = getattr(child, "name", "")
        if isinstance(child, ast.Assign) and isinstance(child.targets[0], ast.Name):
            name = child.targets[0].id
        elif isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
            name = child.target.id
        if name and isinstance(child, ast.stmt):
            yield f"{prefix}{name}", "\n".join(lines[child.lineno - 1 : child.end_lineno])
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from _within(child, f"{prefix}{name}.", lines)
