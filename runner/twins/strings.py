"""Strings in Python's syntax: what each is for, and its pieces as they are written.

Text is taken as written between the quotes, so that escapes, placeholders and formats can be told from words and stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import libcst as cst

Role = Literal["message", "docstring", "id", "other"]
"""What people read when something happens; what describes code; what may become part of a test's id; and the rest."""
_Text = cst.SimpleString | cst.FormattedString | cst.ConcatenatedString
Piece = cst.SimpleString | cst.FormattedStringText

KEPT = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]{0,99}\}|[0-7]{1,3}|.)"
    r"|%(?:\(\w{1,99}\))?[-#0 +]{0,5}[\d*]{0,9}(?:\.[\d*]{1,9})?[a-zA-Z%]|\{\{|\}\}|\{[^{}]*\}",
    re.DOTALL,
)
"""Escapes, those of regular expressions included, and what a format puts a value into."""
_LOGGERS = re.compile(r"log(ger|ging)?|warnings|console", re.IGNORECASE)
_LEVELS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical"})
_ERRORS = ("Error", "Exception", "Warning")


@dataclass(frozen=True)
class String:
    """One string, however it is written."""

    role: Role
    pieces: tuple[tuple[Piece, int], ...]
    """Its pieces, and where each begins in what is written."""
    written: str
    """What stands between its quotes, with `{}` for each value put into it."""
    is_bytes: bool


def strings(module: cst.Module) -> list[String]:
    """All strings of a module, each part of one once."""
    finder = _Finder()
    module.visit(finder)
    return finder.found


def source_of(piece: Piece) -> str:
    """What is written in a piece, without quotes."""
    if isinstance(piece, cst.FormattedStringText):
        return piece.value
    start = len(piece.prefix) + len(piece.quote)
    return piece.value[start : -len(piece.quote)]


def outside_kept(source: str, change: Callable[[str], str]) -> str:
    """A piece's source with `change` made to all between escapes and formats."""
    pieces, at = [], 0
    for kept in KEPT.finditer(source):
        pieces += [change(source[at : kept.start()]), kept.group()]
        at = kept.end()
    return "".join([*pieces, change(source[at:])])


class Replacer(cst.CSTTransformer):
    """Writes other sources into pieces."""

    def __init__(self, sources: Mapping[Piece, str]) -> None:
        super().__init__()
        self._sources = sources

    def leave_SimpleString(self, original_node: cst.SimpleString, updated_node: cst.SimpleString) -> cst.SimpleString:
        new = self._sources.get(original_node)
        if new is None:
            return updated_node
        start = f"{updated_node.prefix}{updated_node.quote}"
        return updated_node.with_changes(value=f"{start}{new}{updated_node.quote}")

    def leave_FormattedStringText(
        self, original_node: cst.FormattedStringText, updated_node: cst.FormattedStringText
    ) -> cst.FormattedStringText:
        new = self._sources.get(original_node)
        return updated_node if new is None else updated_node.with_changes(value=new)


class _Finder(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[String] = []
        self._roles: dict[cst.CSTNode, Role] = {}
        self._done: set[cst.CSTNode] = set()
        self._within_ids = 0
        self._errors: list[bool] = []

    def visit_Module(self, node: cst.Module) -> None:
        self._note_docstring(node.body)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._note_docstring(node.body.body)
        bases = [_last_name(argument.value) for argument in node.bases]
        self._errors.append(any(base.endswith(_ERRORS) for base in [*bases, node.name.value]))

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        self._errors.pop()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._note_docstring(node.body.body)

    def visit_Decorator(self, node: cst.Decorator) -> None:
        self._within_ids += 1

    def leave_Decorator(self, original_node: cst.Decorator) -> None:
        self._within_ids -= 1

    def visit_Raise(self, node: cst.Raise) -> None:
        if isinstance(node.exc, cst.Call):
            self._note_messages(node.exc)

    def visit_Assert(self, node: cst.Assert) -> None:
        if node.msg is not None:
            self._roles[_text(node.msg)] = "message"

    def visit_Call(self, node: cst.Call) -> None:
        callee = node.func
        name = _last_name(callee)
        owner = callee.value if isinstance(callee, cst.Attribute) else None
        logs = owner is not None and name in _LEVELS and _LOGGERS.search(_last_name(owner)) is not None
        of_super = isinstance(owner, cst.Call) and _last_name(owner.func) == "super" and name == "__init__"
        if logs or (owner is None and name in ("print", "warn")) or (of_super and any(self._errors[-1:])):
            self._note_messages(node)

    def visit_ConcatenatedString(self, node: cst.ConcatenatedString) -> None:
        self._take(node)

    def visit_FormattedString(self, node: cst.FormattedString) -> None:
        self._take(node)

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        self._take(node)

    def _take(self, node: _Text) -> None:
        if node in self._done:
            return
        pieces: list[tuple[Piece, int]] = []
        written = ""
        for part in self._parts(node):
            if part is None:
                written += "{}"
                continue
            pieces.append((part, len(written)))
            written += source_of(part)
        role = self._roles.get(node, "id" if self._within_ids else "other")
        is_bytes = any(isinstance(piece, cst.SimpleString) and "b" in piece.prefix.lower() for piece, _ in pieces)
        self.found.append(String(role, tuple(pieces), written, is_bytes))

    def _parts(self, node: cst.BaseExpression) -> Iterator[Piece | None]:
        """The pieces of a string in order; None for each value put into it."""
        self._done.add(node)
        if isinstance(node, cst.ConcatenatedString):
            yield from self._parts(node.left)
            yield from self._parts(node.right)
        elif isinstance(node, cst.SimpleString):
            yield node
        elif isinstance(node, cst.FormattedString):
            yield from (part if isinstance(part, cst.FormattedStringText) else None for part in node.parts)

    def _note_docstring(self, body: object) -> None:
        first = body[0] if isinstance(body, tuple | list) and body else None
        first = first.body[0] if isinstance(first, cst.SimpleStatementLine) and first.body else first
        if isinstance(first, cst.Expr):
            self._roles[first.value] = "docstring"

    def _note_messages(self, call: cst.Call) -> None:
        for argument in call.args:
            self._roles[_text(argument.value)] = "message"


def _text(node: cst.BaseExpression) -> cst.BaseExpression:
    """The string in `"…" % values` and `"…".format(values)`."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Modulo):
        return node.left
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "format":
        return node.func.value
    return node


def _last_name(node: cst.BaseExpression) -> str:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""
