"""Which of a model's changes grading takes over: what steers, replaces or shadows the test runner stays pristine."""

from __future__ import annotations

import fnmatch
import posixpath
import re
import sys
from collections import ChainMap
from collections.abc import Collection, Iterator, Mapping

from runner.frameworks.naming import COLLECTED, GO, is_test
from runner.messages import shorten
from runner.scenarios.scenario import Scope
from sandboxes.archive import Entry, Tree, leads_inside

METADATA = ("*.dist-info", "*.egg-info")
"""Folders whose entry_points.txt makes pytest load a plugin."""
PLUGINS = b"pytest11"
"""The group of entry points that are plugins of pytest."""
_STEERS_GO = re.compile(rb"\bfunc (TestMain|init)\b")
"""What in a new test file of Go's acts on the other tests of its package."""
NEW = "new among protected files; it is left out"
"""Why a test of the model's own is not taken over: whatever it says, it steers nothing."""
RUNNER_MODULES = frozenset(
    {"pytest", "_pytest", "pytest_timeout", "py", "pluggy", "iniconfig", "packaging", "pygments", "coverage"}
)
"""Top-level modules of pytest and of what grading needs beside it."""
ROOTS = ("", "src", "lib", "python")
"""Folders that projects put on Python's path."""
GENERATED = (
    *("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", "*.pyc", ".coverage"),
    *("node_modules", ".vitest"),
)
"""What tools leave behind and no diff should show."""

Changes = Mapping[str, Entry | None]
"""Path → new entry, None where it is deleted."""


def acceptable(
    changes: Changes, scope: Scope, reference: Collection[str], pristine: Tree, harness: Collection[str]
) -> tuple[dict[str, Entry | None], dict[str, str]]:
    """The changes that grading takes over, and why it leaves the others out.

    `reference` holds the paths that the reference fix touches: those may be changed whatever they are. `harness` are
    the names (globs) of files that steer the test runner (`Framework.harness_files`).
    """
    changed = {path: entry for path, entry in changes.items() if not generated(path)}
    after: ChainMap[str, Entry | None] = ChainMap(changed, dict(pristine))
    roots = _roots(pristine)
    dropped: dict[str, str] = {}
    for path, entry in changed.items():
        why = ""
        if path not in reference:
            why = _steers(path, entry, scope, harness, pristine) or _shadows(path, entry, changed, pristine, roots)
        if why := why or _leads_outside(path, entry, after):
            dropped[path] = why
    kept = {path: entry for path, entry in changed.items() if path not in dropped}
    for path in list(_conflicts(kept, pristine)):
        del kept[path]
        dropped[path] = "stands in the place of pristine files"
    return kept, dropped


def generated(path: str) -> bool:
    """Whether tools leave it behind, and no diff should show it."""
    return _any(GENERATED, path)


def _steers(path: str, entry: Entry | None, scope: Scope, harness: Collection[str], pristine: Tree) -> str:
    *folders, name = path.split("/")
    is_harness = any(fnmatch.fnmatchcase(path if "/" in glob else name, glob) for glob in harness)
    if path not in pristine and entry is not None and is_test(name, GO) and not _STEERS_GO.search(entry.data):
        return NEW
    if scope.covers(path) == "protected":
        return "protected; the pristine file is used" if is_harness or path in pristine else NEW
    if is_harness:
        return "steers the test runner; the pristine file is used"
    if name == "entry_points.txt" and folders and _any(METADATA, folders[-1]):
        announces = entry is not None and PLUGINS in entry.data
        what = (
            "announces a plugin to the test runner" if announces else "is a package's metadata, which may announce one"
        )
        return f"{what}; the pristine file is used"
    return ""


def _shadows(path: str, entry: Entry | None, changed: Changes, pristine: Tree, roots: Collection[str]) -> str:
    """Why a new file is a module that would be imported instead of pytest or the standard library.

    `roots` are the folders that modules are imported from by their bare names. A folder counts with an `__init__.py`
    only: without one, a regular module elsewhere on the path comes first.
    """
    if entry is None or path in pristine:
        return ""
    parts = path.split("/")
    for place, part in enumerate(parts):
        above = "/".join(parts[:place])
        if above not in roots:
            continue
        here = posixpath.join(above, part)
        if place == len(parts) - 1:
            name = part.split(".")[0] if part.endswith((".py", ".so", ".pyc")) else ""
        else:
            regular = changed.get(f"{here}/__init__.py") is not None and f"{here}/__init__.py" not in pristine
            name = part if regular or (part in RUNNER_MODULES and not _under(here, pristine)) else ""
        if name in RUNNER_MODULES:
            return f"shadows {name}, which the test runner imports"
        if name in sys.stdlib_module_names:
            return f"shadows {name} of the standard library"
    return ""


def _roots(pristine: Tree) -> set[str]:
    """The usual roots of imports, and the folders of tests, which pytest puts on the path where they are no package."""
    tests = {posixpath.dirname(path) for path in pristine if _any(COLLECTED, posixpath.basename(path))}
    return {*ROOTS, *(folder for folder in tests if f"{folder}/__init__.py" not in pristine)}


def _under(folder: str, tree: Tree) -> bool:
    return any(path.startswith(f"{folder}/") for path in tree)


def _leads_outside(path: str, entry: Entry | None, tree: Mapping[str, Entry | None]) -> str:
    if entry is None or not entry.is_link or leads_inside(path, tree):
        return ""
    return f"a link that leads outside ({shorten(entry.data.decode('utf-8', 'replace'), 100)})"


def _conflicts(kept: Changes, pristine: Tree) -> Iterator[str]:
    """Kept entries that stand where a folder of files that stay must be, or below a file that stays."""
    staying = {path for path in pristine if kept.get(path, pristine[path]) is not None}
    folders = {parent for path in staying for parent in parents(path)}
    for path, entry in kept.items():
        if entry is not None and (path in folders or any(parent in staying for parent in parents(path))):
            yield path


def without_conflicts(tree: Tree, ours: Collection[str]) -> dict[str, Entry]:
    """`tree` without the model's entries that stand where a folder of ours must be, or below a file of ours."""
    folders = {parent for path in ours for parent in parents(path)}
    mine = set(ours)
    return {
        path: entry
        for path, entry in tree.items()
        if path in mine or (path not in folders and not mine.intersection(parents(path)))
    }


def parents(path: str) -> list[str]:
    """The folders above a path, from the root down."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _any(globs: Collection[str], path: str) -> bool:
    return any(fnmatch.fnmatchcase(part, glob) for part in path.split("/") for glob in globs)
