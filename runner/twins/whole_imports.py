"""Imports written another way: `from shop import Till` as `import shop`, and `shop.Till` where it is used.

Only where nothing can tell the difference: the repository's own modules, imported once at the top of a file in which
neither the name nor the module's is bound again, taken as a parameter (a fixture), or stands in a string.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from sys import stdlib_module_names

import libcst as cst
from libcst.helpers import get_full_name_for_node

from runner.twins.nodes import arguments, dotted
from runner.twins.texts import WORD

_PATCHES_MODULES = re.compile(rb"\bimportlib\b|\bsys\.modules\b|\breload\b|\bmodulefinder\b|\b__import__\b")
_COLLECTED = ("test", "Test", "pytest_")


@dataclass(frozen=True)
class WholeImports:
    """One file's imports that are written otherwise."""

    modules: frozenset[str]
    """Modules, dotted, of `from` statements that import the module instead."""
    places: Mapping[str, str]
    """Name → where it is found from now on, dotted."""


def whole_imports(seed: str, tree: ast.Module, data: bytes, own: Collection[str]) -> WholeImports:
    """Drawn among those that can be written so. `own` are the repository's modules by all their names, dotted."""
    none = WholeImports(frozenset(), {})
    if _PATCHES_MODULES.search(data):
        return none
    top = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module]
    bound, words = _bound(tree)
    modules: set[str] = set()
    places: dict[str, str] = {}
    for module in sorted({node.module for node in top if node.module}):
        root = module.partition(".")[0]
        aliases = [alias for node in top if node.module == module for alias in node.names]
        everywhere = sum(isinstance(node, ast.ImportFrom) and node.module == module for node in ast.walk(tree))
        names = [alias.asname or alias.name for alias in aliases]
        is_whole = everywhere == sum(node.module == module for node in top)
        ours = module in own and root not in stdlib_module_names and bound[root] == 0 and is_whole
        plain = not any(
            bound[name] != 1 or name in words or alias.name == "*" or name.startswith(_COLLECTED)
            or f"{module}.{alias.name}" in own
            for name, alias in zip(names, aliases, strict=True)
        )  # fmt: skip
        drawn = hashlib.sha256(f"{seed} {module}".encode()).digest()[0]
        if ours and plain and drawn % 2:
            modules.add(module)
            places |= {name: f"{module}.{alias.name}" for name, alias in zip(names, aliases, strict=True)}
    return WholeImports(frozenset(modules), places)


def _bound(tree: ast.Module) -> tuple[Counter[str], set[str]]:
    """How often each name is bound, and all words of strings."""
    bound: Counter[str] = Counter()
    words: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                bound[name] += 1
            case ast.FunctionDef(name=name, args=taken) | ast.AsyncFunctionDef(name=name, args=taken):
                bound.update([name, *(argument.arg for argument in arguments(taken))])
            case ast.Lambda(args=taken):
                bound.update(argument.arg for argument in arguments(taken))
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                bound[name] += 1
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                bound[name] += 1
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                bound.update(names)
            case ast.Import(names=aliases):
                bound.update(alias.asname for alias in aliases if alias.asname)
            case ast.ImportFrom(names=aliases):
                bound.update(alias.asname or alias.name for alias in aliases)
            case ast.Constant(value=str() as text):
                words.update(WORD.findall(text))
    return bound, words


class Importer(cst.CSTTransformer):
    """Rewrites one file's imports and what they import."""

    def __init__(self, found: WholeImports) -> None:
        super().__init__()
        self.changed = 0
        self._found = found
        self._imported: set[str] = set()

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.BaseSmallStatement | cst.RemovalSentinel:
        module = get_full_name_for_node(original_node.module) if original_node.module is not None else None
        if original_node.relative or module is None or module not in self._found.modules:
            return updated_node
        if module in self._imported:
            return cst.RemovalSentinel.REMOVE
        self._imported.add(module)
        self.changed += 1
        return cst.Import([cst.ImportAlias(dotted(module))], semicolon=updated_node.semicolon)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        place = self._found.places.get(original_node.value)
        if place is None:
            return updated_node
        return dotted(place).with_changes(lpar=updated_node.lpar, rpar=updated_node.rpar)

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.Attribute:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_MatchKeywordElement(
        self, original_node: cst.MatchKeywordElement, updated_node: cst.MatchKeywordElement
    ) -> cst.MatchKeywordElement:
        return updated_node.with_changes(key=original_node.key)
