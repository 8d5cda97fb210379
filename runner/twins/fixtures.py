"""Fixtures that move from a test module into the `conftest.py` of its folder.

One moves when it means the same there: it asks for nothing of its module but what this imports, is used in no other way
than by tests that ask for it, and no other file asks for a fixture of its name without defining one. Plain helpers
stay: a module beside the tests cannot be imported in each of pytest's modes. So do fixtures of hidden tests, since a
`conftest.py` of theirs would stand in the place of the repository's.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import posixpath
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from runner.python import parsed
from runner.twins.nodes import arguments, called, identifier, last_name
from runner.twins.texts import WORD

CONFTEST = "conftest.py"
_KEPT_OPTIONS = frozenset({"scope", "params", "ids"})
_KNOWS_ITS_MODULE = frozenset({"request", "__name__", "__file__", "globals", "locals", "vars"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class TestModule:
    """What a test module has to do with fixtures."""

    fixtures: Mapping[str, _Function]
    asked: frozenset[str]
    """Fixtures that it asks for by name."""
    imports: Mapping[str, ast.Import | ast.ImportFrom]
    """Name → the statement at its top that imports it."""
    bound: frozenset[str]
    """Names that stand for something else as well, or were imported more than once."""
    loads: frozenset[str]
    """Names that its code reads of the module itself, or of the language."""
    strings: frozenset[str]


def read(tree: ast.Module) -> TestModule:
    fixtures: dict[str, _Function] = {}
    asked: set[str] = set()
    imports: dict[str, ast.Import | ast.ImportFrom] = {}
    bound = _stored(tree)
    strings: set[str] = set()
    for part in tree.body:
        if isinstance(part, ast.Import | ast.ImportFrom):
            for name in (alias.asname or alias.name.partition(".")[0] for alias in part.names):
                bound |= {name} if name in imports else set()
                imports[name] = part
        elif isinstance(part, _Function) and any(_is_fixture(each) for each in part.decorator_list):
            fixtures[part.name] = part
    for node in ast.walk(tree):
        if isinstance(node, _Function):
            asked |= {argument.arg for argument in arguments(node.args)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            strings.add(node.value)
    loads = frozenset(_globals(tree))
    return TestModule(fixtures, frozenset(asked | strings), imports, frozenset(bound), loads, frozenset(strings))


def fixture_moves(seed: str, modules: Mapping[str, TestModule]) -> dict[str, list[str]]:
    """Path of a test module → names of its fixtures that move, in the order in which they stand.

    Drawn among those that can move. `modules` are all files that may ask for a fixture, hidden tests and `conftest.py`
    included, by their paths.
    """
    found: dict[str, list[str]] = {}
    taken: set[tuple[str, str]] = set()
    for path, module in sorted(modules.items()):
        folder, file = posixpath.split(path)
        if file == CONFTEST:
            continue
        for name, node in module.fixtures.items():
            others = {each: other for each, other in modules.items() if each != path}
            is_free = not any(
                name in other.fixtures
                if posixpath.basename(each) == CONFTEST
                else name in other.asked - {*other.fixtures}
                for each, other in others.items()
            )
            drawn = hashlib.sha256(f"{seed} {path} {name}".encode()).digest()[0]
            if drawn % 3 and is_free and (folder, name) not in taken and can_move(node, module):
                taken.add((folder, name))
                found.setdefault(path, []).append(name)
    return found


def can_move(node: _Function, module: TestModule) -> bool:
    """Whether a fixture needs nothing of its module but imports, and nothing there calls it by its name."""
    if node.name in module.loads or node.name in module.strings:
        return False
    options = [each for each in node.decorator_list if isinstance(each, ast.Call)]
    if len(node.decorator_list) != 1 or any(
        word.arg not in _KEPT_OPTIONS for each in options for word in each.keywords
    ):
        return False
    if any(isinstance(each, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal) for each in ast.walk(node)):
        return False
    loads = _globals(node)
    taken = {argument.arg for argument in arguments(node.args)}
    if (loads | taken) & _KNOWS_ITS_MODULE or loads & module.bound:
        return False
    quoted = any(isinstance(note, ast.Constant) for note in _notes(node))
    statements = [module.imports[name] for name in loads & module.imports.keys()]
    absolute = all(isinstance(each, ast.Import) or each.level == 0 for each in statements)
    return not quoted and absolute and loads <= {*module.imports, *dir(builtins)}


def needed(name: str, module: TestModule) -> dict[str, ast.Import | ast.ImportFrom]:
    """The imports that a fixture takes along."""
    return {each: module.imports[each] for each in _globals(module.fixtures[name]) if each in module.imports}


def _globals(tree: ast.AST) -> set[str]:
    """Names that are read where no function around binds them."""
    found: set[str] = set()
    todo: list[tuple[ast.AST, frozenset[str]]] = [(tree, frozenset())]
    while todo:
        node, local = todo.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in local:
            found.add(node.id)
        if not isinstance(node, _Function | ast.Lambda):
            todo += [(child, local) for child in ast.iter_child_nodes(node)]
            continue
        inner = local | {argument.arg for argument in arguments(node.args)} | _stored(node)
        outer = [node.args, *([] if isinstance(node, ast.Lambda) else [*node.decorator_list, node.returns])]
        todo += [(child, local) for child in outer if child is not None]
        todo += [(child, inner) for child in ([node.body] if isinstance(node, ast.Lambda) else node.body)]
    return found


def _stored(node: ast.AST) -> set[str]:
    found: set[str] = set()
    for each in ast.walk(node):
        match each:
            case ast.Name(id=name, ctx=ast.Store()) | ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                found.add(name)
            case ast.MatchStar(name=str(name)):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.update({name} if each is not node else ())
    return found


def import_lines(names: Mapping[str, ast.Import | ast.ImportFrom]) -> list[str]:
    """A statement for each name that is imported, of its own."""
    lines: list[str] = []
    for name, statement in sorted(names.items()):
        for alias in statement.names:
            if (alias.asname or alias.name.partition(".")[0]) == name:
                one = (
                    ast.Import([alias])
                    if isinstance(statement, ast.Import)
                    else ast.ImportFrom(statement.module, [alias], statement.level)
                )
                lines.append(ast.unparse(one))
    return sorted(lines, key=lambda line: (line.startswith("from"), line))


def _notes(node: _Function) -> list[ast.expr]:
    notes = [argument.annotation for argument in arguments(node.args)] + [node.returns]
    return [part for note in notes if note is not None for part in ast.walk(note) if isinstance(part, ast.expr)]


def _is_fixture(decorator: ast.expr) -> bool:
    made = called(decorator)
    return last_name(made) == "fixture"


class Taker(cst.CSTTransformer):
    """Takes fixtures out of a module."""

    def __init__(self, names: Collection[str]) -> None:
        super().__init__()
        self.taken: dict[str, cst.FunctionDef] = {}
        self._names = names

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        return False

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        kept: list[cst.CSTNode] = []
        for part in updated_node.body:
            if isinstance(part, cst.FunctionDef) and part.name.value in self._names:
                self.taken[part.name.value] = part
            else:
                kept.append(part)
        return updated_node.with_changes(body=kept)


def without_unused(module: cst.Module, names: Collection[str]) -> cst.Module:
    """A module without imports of these names, as far as nothing in it has one of them any more."""
    tree = parsed(module.bytes)
    used = {word for node in ast.walk(tree) for word in _words(node)} if tree is not None else {*names}
    changed = module.visit(_Dropper({*names} - used))
    return changed if isinstance(changed, cst.Module) else module


class _Dropper(cst.CSTTransformer):
    def __init__(self, unused: Collection[str]) -> None:
        super().__init__()
        self._unused = unused

    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> cst.Import | cst.RemovalSentinel:
        names = self._kept(updated_node.names)
        return updated_node.with_changes(names=names) if names else cst.RemovalSentinel.REMOVE

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom | cst.RemovalSentinel:
        if isinstance(updated_node.names, cst.ImportStar):
            return updated_node
        names = self._kept(updated_node.names)
        return updated_node.with_changes(names=names) if names else cst.RemovalSentinel.REMOVE

    def _kept(self, names: Sequence[cst.ImportAlias]) -> list[cst.ImportAlias]:
        kept = [each for each in names if (each.evaluated_alias or each.evaluated_name) not in self._unused]
        if kept and len(kept) < len(names):
            kept[-1] = kept[-1].with_changes(comma=names[-1].comma)
        return kept


def _words(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Constant):
        return set(WORD.findall(node.value)) if isinstance(node.value, str) else set()
    return {identifier(node)} if not isinstance(node, ast.alias) else set()


def with_fixtures(module: cst.Module, lines: Sequence[str], fixtures: Sequence[cst.FunctionDef]) -> cst.Module:
    """A `conftest.py` with more fixtures at its end, and what they import behind its imports."""
    body = list(module.body)
    places = [at for at, part in enumerate(body) if _is_import(part)]
    at = places[-1] + 1 if places else 1 if module.get_docstring() is not None else 0
    added = [cst.parse_statement(line) for line in lines]
    spaced = [
        each.with_changes(leading_lines=[*[cst.EmptyLine(indent=False)] * 2, *_comments(each)]) for each in fixtures
    ]
    return module.with_changes(body=[*body[:at], *added, *body[at:], *spaced])


def _comments(node: cst.FunctionDef) -> list[cst.EmptyLine]:
    return [line for line in node.leading_lines if line.comment is not None]


def _is_import(part: cst.CSTNode) -> bool:
    return isinstance(part, cst.SimpleStatementLine) and any(
        isinstance(each, cst.Import | cst.ImportFrom) for each in part.body
    )
