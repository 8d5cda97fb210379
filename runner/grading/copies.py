"""A test module rewritten to hold copies of some of its tests, under other names, and none of its other tests."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from runner.grading.foils import foils
from runner.grading.functions import of_tests
from runner.python import PARSING


@dataclass(frozen=True)
class Copy:
    """One copy of a test function: under another name, and as its foil of that number or as it is."""

    name: str
    foil: int | None = None


def count_foils(source: str, functions: Collection[str]) -> dict[str, int]:
    """Qualified function (`Class::name`) → how many foils it has; empty for a source that does not parse.

    Python's own parser goes first: it refuses nesting at which libcst's would overflow the stack.
    """
    found: dict[str, int] = {}

    def note(function: str, node: cst.FunctionDef) -> Sequence[cst.FunctionDef]:
        found[function] = len(foils(node))
        return [node]

    try:
        with PARSING:
            ast.parse(source)
        cst.parse_module(source).visit(of_tests(functions, note))
    except (SyntaxError, ValueError, MemoryError, RecursionError, cst.ParserSyntaxError):
        return {}
    return found


def with_copies(source: str, wanted: Mapping[str, Sequence[Copy]]) -> str:
    """The module with each wanted test replaced by its copies, and every other test left out."""

    def copies(function: str, node: cst.FunctionDef) -> Sequence[cst.FunctionDef]:
        others = foils(node)
        return [
            (node if copy.foil is None else others[copy.foil]).with_changes(name=cst.Name(copy.name))
            for copy in wanted[function]
        ]

    return cst.parse_module(source).visit(of_tests(wanted, copies)).code
