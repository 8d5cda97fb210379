"""A test module rewritten to hold copies of some of its tests, under other names, and none of its other tests."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from runner.grading.foils import PARSING, foils


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
        cst.parse_module(source).visit(_Functions(functions, note))
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

    return cst.parse_module(source).visit(_Functions(wanted, copies)).code


class _Functions(cst.CSTTransformer):
    """Replaces the test functions that are wanted, and takes the other tests out."""

    def __init__(
        self, wanted: Collection[str], replace: Callable[[str, cst.FunctionDef], Sequence[cst.FunctionDef]]
    ) -> None:
        self._wanted, self._replace = wanted, replace
        self._above: list[str] = []

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        self._above.append(node.name.value)
        return True

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        self._above.pop()
        return updated_node

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.FlattenSentinel[cst.FunctionDef] | cst.RemovalSentinel:
        name = "::".join([*self._above, original_node.name.value])
        if name in self._wanted:
            return cst.FlattenSentinel(self._replace(name, original_node))
        return cst.RemoveFromParent() if original_node.name.value.startswith("test") else updated_node
