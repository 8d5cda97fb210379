"""The kind `layout`: tests laid out otherwise, visible and hidden ones, with the same ids and the same meaning.

In files that hold tests by their names: functions stand in another order (`runner.twins.ordering`), fixtures move to
the folder's `conftest.py` (`fixtures`), imports are written another way (`whole_imports`), and so are assertions and
the lists that tests are parametrized with (`shapes`). What a test does and expects, and in which order, stays. A file
that looks at its own text or place stays as it is, and so does one that does not parse.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import libcst as cst

from runner.arms import TwinKind
from runner.python import concrete, parsed
from runner.scenarios.scenario import Scenario
from runner.twins import fixtures
from runner.twins.base import Subject, Terms, Transformed, TwinRefused
from runner.twins.file_names import PYTHON
from runner.twins.fixtures import CONFTEST
from runner.twins.nodes import identifier
from runner.twins.ordering import Needs, Sorter
from runner.twins.shapes import Shapes
from runner.twins.trees import LOOKS_AT_ITSELF, is_test, with_python
from runner.twins.whole_imports import Importer, whole_imports
from sandboxes.archive import Entry, Tree

MOST_BYTES = 1 << 20
"""Of one file; a larger one stays as it is."""
_KNOWS_ITS_PLACE = re.compile(rb"__file__|__path__|pytest_plugins|doctest|currentframe|\bstack\(|\btraceback\b")


class Layout:
    """Lays tests out otherwise."""

    kind: TwinKind = "layout"

    def apply(self, subject: Subject, terms: Terms) -> Transformed:
        """Raises TwinRefused where no test can stand otherwise."""
        seed = f"layout {terms.seed}"
        subject, names = _with_moved_fixtures(subject, terms, seed)
        writer = _Writer(seed, _own_modules(subject))
        needs = Needs()
        for path, module in _test_modules(subject, terms):
            needs.read(path, module)

        def change(path: str, data: bytes) -> bytes:
            return writer.written(path, data, needs) if _may_change(path, data, terms) else data

        made = with_python(subject, change)
        touched = writer.touched | {place.partition("::")[0] for place in names.values()}
        if not touched:
            raise TwinRefused("nothing-to-change", "no test of it can safely stand otherwise")
        changed = writer.changed + len(names)
        return Transformed(made, names, changed, max(changed, writer.seen + len(names)), touched=frozenset(touched))


@dataclass
class _Writer:
    """Rewrites files one by one."""

    seed: str
    own: frozenset[str]
    touched: set[str] = field(default_factory=set)
    changed: int = 0
    seen: int = 0

    def written(self, path: str, data: bytes, needs: Needs) -> bytes:
        tree, module = parsed(data), concrete(data)
        if tree is None or module is None:
            return data
        seed = f"{self.seed} {path}"
        try:
            importer = Importer(whole_imports(seed, tree, data, self.own))
            shapes = Shapes(seed, {identifier(node) for node in ast.walk(tree)})
            sorter = Sorter(path, seed, needs)
            made = module.visit(sorter) if path in needs.files else module
            made = made.visit(importer).visit(shapes)
            result = made.bytes
        except (UnicodeError, RecursionError):
            return data
        if result == data or parsed(result) is None:
            return data
        self.touched.add(path)
        self.changed += sorter.moved + importer.changed + shapes.changed
        self.seen += needs.count_of(path) + importer.changed + shapes.seen
        return result


def _may_change(path: str, data: bytes, terms: Terms) -> bool:
    looks = LOOKS_AT_ITSELF.search(data) or _KNOWS_ITS_PLACE.search(data)
    return is_test(path) and path not in terms.without and not looks and len(data) <= MOST_BYTES


def _test_modules(subject: Subject, terms: Terms) -> list[tuple[str, cst.Module]]:
    files = {(path, each.data) for tree in subject.trees for path, each in tree.items() if not each.is_link}
    chosen = [(path, data) for path, data in sorted(files) if _may_change(path, data, terms)]
    found = [(path, concrete(data)) for path, data in chosen]
    return [(path, module) for path, module in found if module is not None]


def _own_modules(subject: Subject) -> frozenset[str]:
    """The repository's modules by all names that imports could have for them, dotted."""
    found: set[str] = set()
    for path in {**subject.base, **subject.solved}:
        if path.endswith(PYTHON):
            parts = path.rsplit(".", 1)[0].removesuffix("/__init__").split("/")
            found |= {".".join(parts[at:]) for at in range(len(parts))}
    return frozenset(found)


# Fixtures


def _with_moved_fixtures(subject: Subject, terms: Terms, seed: str) -> tuple[Subject, dict[str, str]]:
    """A subject whose base and solved tree have fixtures elsewhere, and new → old places of these."""
    files = {**subject.base, **subject.hidden}
    trees = {
        path: tree
        for path, entry in files.items()
        if path.endswith(".py") and not entry.is_link and (tree := parsed(entry.data)) is not None
    }
    modules = {path: fixtures.read(tree) for path, tree in trees.items()}
    movable = {
        path: module if _is_movable(path, subject, terms) else replace(module, fixtures={})
        for path, module in modules.items()
        if posixpath.basename(path) != CONFTEST
    }
    conftests = {path: module for path, module in modules.items() if posixpath.basename(path) == CONFTEST}
    moved = fixtures.fixture_moves(seed, {**movable, **conftests})
    changed: dict[str, Entry] = {}
    names: dict[str, str] = {}
    for path, wanted in moved.items():
        conftest = posixpath.join(posixpath.dirname(path), CONFTEST)
        before = changed.get(conftest) or subject.base.get(conftest) or Entry(b"")
        result = _moved(subject.base[path].data, before.data, wanted, modules[path])
        if result is None:
            continue
        changed[path] = replace(subject.base[path], data=result[0])
        changed[conftest] = replace(before, data=result[1])
        names |= {f"{conftest}::{name}": f"{path}::{name}" for name in wanted}
    if not changed:
        return subject, {}
    base: Tree = {**subject.base, **changed}
    solved: Tree = {**subject.solved, **changed}
    return replace(subject, base=base, solved=solved), names


def _is_movable(path: str, subject: Subject, terms: Terms) -> bool:
    """Whether a test module, and the `conftest.py` beside it, are the repository's own and the same in both trees."""
    conftest = posixpath.join(posixpath.dirname(path), CONFTEST)
    entry, beside = subject.base.get(path), subject.base.get(conftest)
    return (
        entry is not None
        and _may_change(path, entry.data, terms)
        and conftest not in terms.without
        and (beside is None or _may_change(conftest, beside.data, terms))
        and subject.solved.get(path) == entry
        and subject.solved.get(conftest) == beside
        and conftest not in subject.hidden
        and _stands_alike(subject.scenario, path, conftest)
    )


def _stands_alike(scenario: Scenario, path: str, other: str) -> bool:
    return scenario.scope.covers(path) == scenario.scope.covers(other)


def _moved(data: bytes, conftest: bytes, names: list[str], read: fixtures.TestModule) -> tuple[bytes, bytes] | None:
    """Both files after the fixtures moved; None where the `conftest.py` has other things by the names they need."""
    module, there, tree = concrete(data), concrete(conftest), parsed(conftest)
    if module is None or there is None or tree is None:
        return None
    needed = {each: node for name in names for each, node in fixtures.needed(name, read).items()}
    known: Mapping[str, ast.Import | ast.ImportFrom] = fixtures.read(tree).imports
    bound = {identifier(node) for node in ast.walk(tree)} - {*known}
    missing = {each: node for each, node in needed.items() if each not in known}
    same = fixtures.import_lines({each: node for each, node in known.items() if each in needed}) == (
        fixtures.import_lines({each: node for each, node in needed.items() if each in known})
    )
    if not same or bound & {*missing, *names}:
        return None
    try:
        taker = fixtures.Taker(names)
        left = module.visit(taker)
        moved = [taker.taken[name] for name in names]
        made = fixtures.with_fixtures(there, fixtures.import_lines(missing), moved)
        return fixtures.without_unused(left, needed).bytes, made.bytes
    except (UnicodeError, RecursionError):
        return None
