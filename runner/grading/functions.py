"""A module changed function by function; what is within a function is left to whoever changes it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import libcst as cst

Change = Callable[[str, cst.FunctionDef], Sequence[cst.FunctionDef]]
"""From a function and its name (`Class::name`) to what stands in its place; nothing takes it out."""


class EachFunction(cst.CSTTransformer):
    """Makes one change of the functions of a module and of its classes."""

    def __init__(self, change: Change) -> None:
        self._change = change
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
    ) -> cst.FlattenSentinel[cst.FunctionDef] | cst.RemovalSentinel:
        changed = self._change("::".join([*self._above, original_node.name.value]), original_node)
        return cst.FlattenSentinel(changed) if changed else cst.RemoveFromParent()


def of_tests(wanted: Collection[str], change: Change) -> EachFunction:
    """Changes the tests that are wanted, takes the others out, and leaves what is no test as it is."""

    def changed(name: str, node: cst.FunctionDef) -> Sequence[cst.FunctionDef]:
        if name in wanted:
            return change(name, node)
        return () if node.name.value.startswith("test") else (node,)

    return EachFunction(changed)
