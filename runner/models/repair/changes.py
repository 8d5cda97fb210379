"""A change of one file at one place, and what rules that propose changes can see of that place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import libcst as cst
from libcst.metadata import CodeSpan


@dataclass(frozen=True, order=True)
class Splice:
    """Bytes `start` to `end` of a file, replaced with `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Change:
    """What a rule proposes: a main splice, and others where that one alone would not run."""

    operator: str
    """The kind of change, a key of `ranking.PRIORS`."""
    main: Splice
    others: tuple[Splice, ...] = ()
    order: int = 0
    """0 for the likeliest of several alternatives at one place, then 1, 2, …"""


@dataclass
class Context:
    """The walk's state: a file's bytes, where its nodes are, and the ancestors of the node at hand."""

    data: bytes
    spans: Mapping[cst.CSTNode, CodeSpan]
    parents: list[cst.CSTNode] = field(default_factory=list)
    """Outermost first; the node at hand is not among them."""
    imports: dict[str, cst.ImportAlias] = field(default_factory=dict)
    """Names bound by `from … import name`, without those that are renamed."""
    attributes: dict[str, list[str]] = field(default_factory=dict)
    """Name of an object → the attributes that the file reads or writes on it, in order of appearance."""
    members: Mapping[str, list[str]] = field(default_factory=dict)
    """Name of a class → the constants in its body, those of enumerations above all."""

    @property
    def parent(self) -> cst.CSTNode | None:
        return self.parents[-1] if self.parents else None

    def start(self, node: cst.CSTNode) -> int:
        return int(self.spans[node].start)

    def end(self, node: cst.CSTNode) -> int:
        return int(self.spans[node].start + self.spans[node].length)

    def text(self, node: cst.CSTNode) -> str:
        """The source of a node, without its outer parentheses."""
        return self.data[self.start(node) : self.end(node)].decode()

    def operand(self, node: cst.BaseExpression) -> str:
        """The source of a node, in parentheses where it needs them next to an operator."""
        atom = isinstance(node, (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.Integer, cst.SimpleString))
        return self.text(node) if atom else f"({self.text(node)})"

    def indent(self, node: cst.CSTNode) -> str:
        """The whitespace before a statement."""
        line = self.data.rfind(b"\n", 0, self.start(node)) + 1
        return self.data[line : self.start(node)].decode()

    def splice(self, node: cst.CSTNode, text: str) -> Splice:
        return Splice(self.start(node), self.end(node), text)

    def change(self, operator: str, node: cst.CSTNode, text: str, order: int = 0) -> Change:
        return Change(operator, self.splice(node, text), order=order)

    def function(self) -> cst.FunctionDef | None:
        """The innermost function around the node at hand."""
        return next((node for node in reversed(self.parents) if isinstance(node, cst.FunctionDef)), None)


Rule = Callable[[cst.CSTNode, Context], Iterator[Change]]
"""Proposes changes at a node. Proposals need not be valid Python: what does not compile is dropped later."""
