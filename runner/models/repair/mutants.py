"""All single changes of one file that the rules propose, each with its place and its enclosing symbol."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

from runner.models.repair import operators, regexes, siblings, statements
from runner.models.repair.changes import Change, Context, Rule, Splice

RULES: tuple[Rule, ...] = (*operators.RULES, *siblings.RULES, *regexes.RULES, *statements.RULES)
UNTOUCHED = (cst.Annotation, cst.Import, cst.ImportFrom)
"""Nodes whose inside no rule sees: changing a type or an import alone repairs nothing that a test can see."""
STEADY = {"boundary", "none-check", "member"}
"""Operators that hardly ever make a loop endless."""
MODULE = "<module>"


@dataclass(frozen=True)
class Mutant:
    """One changed file."""

    path: str
    symbol: str
    """Qualified name of the innermost function, class or module constant around the change."""
    operator: str
    order: int
    lines: range
    """The changed lines of the original file, from 1."""
    statement: range
    """The lines of the statement around the change; of a compound statement its header."""
    looping: bool
    """Whether the change may make a `while` endless: it is within one, or of a constant that one uses."""
    splices: tuple[Splice, ...]


@dataclass(frozen=True)
class Surroundings:
    """What is known from all files together."""

    members: Mapping[str, list[str]] = field(default_factory=dict)
    """Name of a class → the constants in its body, those of enumerations above all."""
    stepping: frozenset[str] = frozenset()
    """Names that occur in a `while`, so that changing their value may make it endless."""


def surroundings(texts: Iterable[str]) -> Surroundings:
    members: dict[str, list[str]] = {}
    stepping: set[str] = set()
    for node in (node for text in texts for node in ast.walk(_parsed(text))):
        if isinstance(node, ast.ClassDef):
            targets = [target for one in node.body if isinstance(one, ast.Assign) for target in one.targets]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            members.setdefault(node.name, []).extend(name for name in names if name.isupper())
        elif isinstance(node, ast.While):
            stepping |= {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    return Surroundings(members, frozenset(stepping))


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def mutants(path: str, text: str, around: Surroundings | None = None) -> list[Mutant]:
    """Every mutant of a file, in the order of the source; none when it does not parse, or is too deep for that."""
    if meaning(text) is None:  # the parser below knows no limit and takes the process along
        return []
    try:
        wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
        spans = wrapper.resolve(ByteSpanPositionProvider)
    except (cst.ParserSyntaxError, cst.CSTValidationError, UnicodeError, RecursionError):
        return []
    around = around or surroundings([text])
    walk = _Walk(path, Context(text.encode(), spans, members=around.members), around.stepping)
    wrapper.module.visit(_Survey(walk.context))
    wrapper.module.visit(walk)
    return list(dict.fromkeys(walk.found))


def applied(text: str, splices: Sequence[Splice]) -> str:
    """`text` with splices that do not overlap."""
    data = text.encode()
    for splice in sorted(splices, reverse=True):
        data = data[: splice.start] + splice.text.encode() + data[splice.end :]
    return data.decode()


def meaning(text: str) -> str | None:
    """A key that two texts share when they are the same program; None when `text` is no program."""
    try:
        tree = ast.parse(text)
        compile(tree, "<mutant>", "exec")
        return ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Survey(cst.CSTVisitor):
    """Collects what rules need to know of the whole file."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def visit_ImportAlias(self, node: cst.ImportAlias) -> None:
        if isinstance(node.name, cst.Name) and node.asname is None:
            self.context.imports[node.name.value] = node

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_Attribute(self, node: cst.Attribute) -> None:
        if isinstance(node.value, cst.Name):
            self.context.attributes.setdefault(node.value.value, []).append(node.attr.value)

    def visit_Call(self, node: cst.Call) -> bool:
        """A method is no attribute that a value is read from."""
        if isinstance(node.func, cst.Attribute):
            node.func.value.visit(self)
            for arg in node.args:
                arg.visit(self)
            return False
        return True


class _Walk(cst.CSTVisitor):
    def __init__(self, path: str, context: Context, stepping: frozenset[str]) -> None:
        self.path = path
        self.context = context
        self.stepping = stepping
        self.found: list[Mutant] = []
        self._starts = [0, *(at + 1 for at, byte in enumerate(context.data) if byte == 0x0A)]

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, UNTOUCHED):
            return False
        for rule in RULES:
            self.found.extend(self._mutant(node, change) for change in rule(node, self.context))
        self.context.parents.append(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if not isinstance(original_node, UNTOUCHED):
            self.context.parents.pop()

    def _mutant(self, node: cst.CSTNode, change: Change) -> Mutant:
        lines = self._lines(change.main.start, change.main.end)
        names = list(self._names())
        looping = any(isinstance(parent, cst.While) for parent in self.context.parents)
        constant = not any(isinstance(parent, cst.FunctionDef) for parent in self.context.parents)
        stepping = constant and names[-1:] and names[-1] in self.stepping
        return Mutant(
            self.path,
            ".".join(names) or MODULE,
            change.operator,
            change.order,
            lines,
            lines if isinstance(node, cst.BaseStatement) else self._statement() or lines,
            change.operator not in STEADY and bool(looping or stepping),
            tuple(sorted((change.main, *change.others))),
        )

    def _names(self) -> Iterator[str]:
        """The names of the definitions around the node at hand."""
        for parent in self.context.parents:
            if isinstance(parent, (cst.FunctionDef, cst.ClassDef)):
                yield parent.name.value
        constant = self.context.parents[2] if len(self.context.parents) > 2 else None
        if isinstance(constant, cst.Assign) and isinstance(constant.targets[0].target, cst.Name):
            yield constant.targets[0].target.value
        elif isinstance(constant, cst.AnnAssign) and isinstance(constant.target, cst.Name):
            yield constant.target.value

    def _statement(self) -> range | None:
        for parent in reversed(self.context.parents):
            if isinstance(parent, cst.SimpleStatementLine):
                return self._lines(self.context.start(parent), self.context.end(parent))
            if isinstance(parent, cst.BaseCompoundStatement):
                first, body = (self._lines(at, at).start for at in map(self.context.start, (parent, parent.body)))
                return range(first, max(first + 1, body))
        return None

    def _lines(self, start: int, end: int) -> range:
        """The lines that a span of bytes touches."""
        first = bisect_right(self._starts, start)
        return range(first, max(first, bisect_right(self._starts, max(start, end - 1))) + 1)
