"""Which modules of a repository can move, where to, and imports that follow them."""

from __future__ import annotations

import posixpath
import random
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import libcst as cst
from libcst.helpers import get_full_name_for_node

from runner.scenarios.scenario import Scenario, Scope
from runner.twins.base import Subject, Terms
from runner.twins.file_names import own_roots
from runner.twins.nodes import dotted
from runner.twins.words import Namer
from sandboxes.archive import Tree

_FOLDERS = ("core", "parts", "inner", "common", "engine", "pieces", "kernel", "interior")
_KNOWS_ITS_PLACE = re.compile(rb"__file__|__path__|__package__|importlib|pkgutil|\bresources\b|__main__")
_STAYS = frozenset({"__init__", "__main__", "conftest", "setup"})


@dataclass(frozen=True)
class Moves:
    """Where modules go; paths relative to the repository's root."""

    paths: Mapping[str, str]
    """Old → new."""
    roots: Mapping[str, str]
    """Path of a module → the folder from which imports name it."""

    def dotted(self, path: str, root: str) -> str:
        """A module's name in absolute imports.

        >>> Moves({}, {}).dotted("src/memo/cache.py", "src")
        'memo.cache'
        """
        return posixpath.relpath(path, root or ".").removesuffix(".py").replace("/", ".")


def moves(subject: Subject, stays: Collection[str], words: Collection[str], terms: Terms) -> Moves:
    """Drawn by the seed: each module that can move gets another name, and about half of each package one folder more.

    `words` are all words there are, `stays` those by which more than a `from` statement may name a module. A module
    stays as well that knows where it lies, or whose standing in the scenario's scope would change.
    """
    files = {**subject.base, **subject.solved}
    namer = Namer(f"move {terms.seed}", {*words, *own_roots(files)})
    inner = next((name for name in _FOLDERS if name not in words and name not in own_roots(files)), "")
    paths: dict[str, str] = {}
    for path in sorted(files):
        folder, file = posixpath.split(path)
        stem, ending = posixpath.splitext(file)
        is_module = ending == ".py" and not files[path].is_link and f"{folder}/__init__.py" in files
        if not is_module or f"{path}i" in files or stem in _STAYS or stem.startswith("test"):
            continue
        if stem in stays or path in terms.without or _KNOWS_ITS_PLACE.search(files[path].data):
            continue
        deeper = [inner] if inner and random.Random(f"move {terms.seed} {path}").random() < 0.5 else []
        new = posixpath.join(folder, *deeper, f"{namer.other(stem)}.py")
        if _stands_alike(subject.scenario, path, new):
            paths[path] = new
    every = {path: _root(path, files) for path in {*files, *subject.hidden}}
    return Moves(paths, every)


def _root(path: str, files: Tree) -> str:
    """The folder above the outermost package that a file is in."""
    folder = posixpath.dirname(path)
    while folder and f"{folder}/__init__.py" in files:
        folder = posixpath.dirname(folder)
    return folder


def _stands_alike(scenario: Scenario, old: str, new: str) -> bool:
    scopes = [scenario.scope, *(Scope(writable=rule.paths) for rule in scenario.approval if rule.paths)]
    return all(scope.covers(old) == scope.covers(new) for scope in scopes)


class Imports(cst.CSTTransformer):
    """One file's `from … import` statements, after modules moved; `path` is where the file was."""

    def __init__(self, path: str, moved: Moves) -> None:
        super().__init__()
        self._path, self._moved = path, moved
        self._by_name = {moved.dotted(old, moved.roots[old]): old for old in moved.paths}

    def leave_ImportFrom(self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom) -> cst.ImportFrom:
        module = get_full_name_for_node(original_node.module) if original_node.module is not None else ""
        if not original_node.relative:
            old = self._by_name.get(module or "")
            if old is None:
                return updated_node
            return updated_node.with_changes(
                module=dotted(self._moved.dotted(self._moved.paths[old], self._moved.roots[old]))
            )
        folder = posixpath.dirname(self._path)
        for _ in original_node.relative[1:]:
            folder = posixpath.dirname(folder)
        target = posixpath.join(folder, *(module or "").split("."))
        target = self._moved.paths.get(f"{target}.py", target).removesuffix(".py")
        here = posixpath.dirname(self._moved.paths.get(self._path, self._path))
        ups, names = 1, posixpath.relpath(target, here or ".").split("/")
        while names[:1] == [".."]:
            ups, names = ups + 1, names[1:]
        names = [name for name in names if name != "."]
        return updated_node.with_changes(
            relative=[cst.Dot()] * ups,
            module=dotted(".".join(names)) if names else None,
            whitespace_after_from=cst.SimpleWhitespace(" "),
            whitespace_before_import=cst.SimpleWhitespace(" "),
        )


def imported_whole(tree: cst.Module) -> set[str]:
    """Names that a file imports as modules, or that may be modules: `import a.b`, `from a import b`."""
    finder = _Whole()
    tree.visit(finder)
    return finder.names


class _Whole(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_ImportAlias(self, node: cst.ImportAlias) -> None:
        self.names.update((get_full_name_for_node(node.name) or "").split("."))
