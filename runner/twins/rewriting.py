"""Python files with names replaced: code by its syntax, comments and docstrings as texts."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from runner.python import concrete
from runner.twins.file_names import TABLES
from runner.twins.texts import WORD, renamed_comment


def renamed_module(data: bytes, names: Mapping[str, str]) -> bytes:
    """A Python file with its names replaced; as it is, where none of them stands in it or it is no Python.

    Raises RecursionError for one that cannot be walked to its end.
    """
    if names.keys().isdisjoint(WORD.findall(data.decode("utf-8", "replace"))):
        return data
    module = concrete(data)
    return module.visit(_Renamer(names)).bytes if module is not None else data


class _Renamer(cst.CSTTransformer):
    """Replaces identifiers wherever they stand, and strings in tables of names."""

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self._names = names
        self._docstrings: set[cst.SimpleString] = set()
        self._tabled: set[cst.SimpleString] = set()

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        new = self._names.get(original_node.value)
        return updated_node.with_changes(value=new) if new is not None else updated_node

    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> cst.Import:
        """Modules keep their names; what they are called here may not."""
        pairs = zip(updated_node.names, original_node.names, strict=True)
        return updated_node.with_changes(names=[new.with_changes(name=old.name) for new, old in pairs])

    def leave_ImportFrom(self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom) -> cst.ImportFrom:
        return updated_node.with_changes(module=original_node.module)

    def leave_Comment(self, original_node: cst.Comment, updated_node: cst.Comment) -> cst.Comment:
        return updated_node.with_changes(value=renamed_comment(original_node.value, self._names))

    def visit_Module(self, node: cst.Module) -> None:
        self._note_docstring(node.body)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._note_docstring(node.body.body)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._note_docstring(node.body.body)

    def _note_docstring(self, body: object) -> None:
        """A string that is the first statement of a body."""
        first = body[0] if isinstance(body, tuple | list) and body else None
        first = first.body[0] if isinstance(first, cst.SimpleStatementLine) and first.body else first
        if isinstance(first, cst.Expr) and isinstance(first.value, cst.SimpleString):
            self._docstrings.add(first.value)

    def visit_Assign(self, node: cst.Assign) -> None:
        if any(isinstance(each.target, cst.Name) and each.target.value in TABLES for each in node.targets):
            self._note_table(node.value)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        if isinstance(node.target, cst.Name) and node.target.value in TABLES:
            self._note_table(node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        if isinstance(node.target, cst.Name) and node.target.value in TABLES and node.value is not None:
            self._note_table(node.value)

    def _note_table(self, value: cst.BaseExpression) -> None:
        parts = (
            [each.value for each in value.elements] if isinstance(value, cst.List | cst.Tuple | cst.Set) else [value]
        )
        self._tabled.update(part for part in parts if isinstance(part, cst.SimpleString))

    def leave_SimpleString(self, original_node: cst.SimpleString, updated_node: cst.SimpleString) -> cst.BaseExpression:
        if original_node in self._tabled:
            old = str(original_node.raw_value)
            new = self._names.get(old)
            return updated_node.with_changes(value=original_node.value.replace(old, new)) if new else updated_node
        if original_node in self._docstrings:
            return updated_node.with_changes(value=renamed_comment(original_node.value, self._names))
        return updated_node
