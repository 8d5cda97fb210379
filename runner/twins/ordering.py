"""Definitions in another order, none before what it needs.

Only definitions that stand side by side change places, so that whatever else a module does happens between the same
ones. A definition that needs others when it is made (as decorator, base, default, or within a class's body) stays
behind them. A comment that stands alone above a definition is a heading: nothing crosses it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import libcst as cst

_Definition = cst.FunctionDef | cst.ClassDef
HARMLESS = "pytest"
"""The root of decorators that make nothing of an order."""


@dataclass
class Needs:
    """Which definitions stay behind which: of base and solved tree together, so that both get one order."""

    _read: set[str] = field(default_factory=set)
    _stay: set[str] = field(default_factory=set)
    """Files too deep to be read."""
    _before: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """(path, definition) → definitions that stay before it, all by qualified names."""

    @property
    def files(self) -> set[str]:
        """Paths of what may be sorted."""
        return self._read - self._stay

    @property
    def count(self) -> int:
        """Definitions that stand beside others."""
        return len(self._before)

    def count_of(self, path: str) -> int:
        return sum(place == path for place, _ in self._before)

    def read(self, path: str, module: cst.Module) -> None:
        self._read.add(path)
        try:
            self._block(path, "", module.body, "from __future__ import annotations" in module.code)
        except RecursionError:
            self._stay.add(path)

    def _block(self, path: str, prefix: str, body: Sequence[cst.CSTNode], lazy: bool) -> None:
        for run in runs(body):
            seen: list[_Definition] = []
            names = {each.name.value for each in run}
            for each in run:
                used = _Used(lazy)
                used.look(each)
                before = {prefix + name for name in names & used.names if name != each.name.value}
                if used.calls & names or used.is_registered:
                    before |= {prefix + earlier.name.value for earlier in seen}
                self._before.setdefault((path, prefix + each.name.value), set()).update(before)
                seen.append(each)
        for part in body:
            if isinstance(part, cst.ClassDef):
                self._block(path, f"{prefix}{part.name.value}.", part.body.body, lazy)

    def order(self, path: str, prefix: str, run: Sequence[_Definition], seed: str) -> list[_Definition]:
        """Drawn by the seed, among the orders in which each comes behind what it needs; as it is where none can be."""
        names = [prefix + each.name.value for each in run]
        if len(set(names)) != len(names):
            return list(run)
        left = dict(zip(names, run, strict=True))
        drawn = sorted(names, key=lambda name: hashlib.sha256(f"{seed} {path} {name}".encode()).digest())
        found: list[_Definition] = []
        while left:
            ready = (name for name in drawn if name in left and not self._before.get((path, name), set()) & left.keys())
            if (name := next(ready, None)) is None:
                return list(run)
            found.append(left.pop(name))
        return found


def runs(body: Iterable[cst.CSTNode]) -> list[list[_Definition]]:
    """Definitions that stand side by side, at least two, with no heading between them."""
    found: list[list[_Definition]] = [[]]
    for part in body:
        if not isinstance(part, _Definition):
            found.append([])
        elif _is_headed(part):
            found.append([part])
        else:
            found[-1].append(part)
    return [run for run in found if len(run) > 1]


def _is_headed(part: _Definition) -> bool:
    """Whether a comment stands above it with an empty line between."""
    lines = [line.comment is not None for line in part.leading_lines]
    return any(lines) and not lines[-1]


class _Used(cst.CSTVisitor):
    """Names that a definition needs when it is made."""

    def __init__(self, lazy: bool) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.calls: set[str] = set()
        self.is_registered = False
        """Whether a decorator of it may count on an order."""
        self._lazy = lazy

    def look(self, node: _Definition) -> None:
        for decorator in node.decorators:
            made = decorator.decorator
            plain = made.func if isinstance(made, cst.Call) else made
            root = plain
            while isinstance(root, cst.Attribute):
                root = root.value
            harmless = isinstance(root, cst.Name) and (root is plain or root.value == HARMLESS)
            self.is_registered = self.is_registered or not harmless
        node.visit(self)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        for decorator in node.decorators:
            decorator.visit(self)
        node.params.visit(self)
        if node.returns is not None:
            node.returns.visit(self)
        return False

    def visit_Annotation(self, node: cst.Annotation) -> bool:
        return not self._lazy

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return True

    def visit_Call(self, node: cst.Call) -> None:
        if isinstance(node.func, cst.Name):
            self.calls.add(node.func.value)

    def visit_Name(self, node: cst.Name) -> None:
        self.names.add(node.value)


class Sorter(cst.CSTTransformer):
    """Puts one file's definitions into the order that the seed draws."""

    def __init__(self, path: str, seed: str, needs: Needs) -> None:
        super().__init__()
        self.moved = 0
        self._path, self._seed, self._needs = path, seed, needs
        self._within: list[str] = []

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._within.append(node.name.value)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        prefix = "".join(f"{name}." for name in self._within)
        self._within.pop()
        body = updated_node.body
        if not isinstance(body, cst.IndentedBlock):
            return updated_node
        return updated_node.with_changes(body=body.with_changes(body=self._sorted(prefix, body.body)))

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        return updated_node.with_changes(body=self._sorted("", updated_node.body))

    def _sorted(self, prefix: str, body: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
        placed: dict[int, cst.BaseStatement] = {}
        for run in runs(body):
            ordered = self._needs.order(self._path, prefix, run, self._seed)
            for slot, now in zip(run, ordered, strict=True):
                self.moved += slot is not now
                placed[id(slot)] = _spaced(now, slot)
        return [placed.get(id(each), each) for each in body]


def _spaced(node: _Definition, slot: _Definition) -> _Definition:
    """A definition with its own comments, and the empty lines above that its new place had."""
    blank = [line for line in slot.leading_lines if line.comment is None]
    own = [line for line in node.leading_lines if line.comment is not None]
    return node.with_changes(leading_lines=[*blank, *own])
