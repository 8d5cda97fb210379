"""Which Python a project is run on: the base image's wherever the project allows it."""

from __future__ import annotations

import ast
import re

from runner.environments.files import Files
from runner.environments.practice import Practice
from runner.environments.project import Project
from runner.errors import Rejected

BASE = 11
"""Minor version of the base image's Python."""
OLDEST, NEWEST = 8, 15
"""Minor versions that are looked for."""
BEFORE = 9
"""The newest minor version that still has all of `GONE`."""
_ABSTRACT = """
    Callable Container Hashable ItemsView Iterable Iterator KeysView Mapping MappingView MutableMapping MutableSequence
    MutableSet Sequence Set Sized ValuesView
"""
GONE = {"collections": frozenset(_ABSTRACT.split()), "inspect": frozenset(["getargspec", "formatargspec"])}
"""Module → names that the base image's Python does not have any more."""
MAX_SOURCES = 400
"""Source files that are looked into."""


def choose_python(files: Files, project: Project, practice: Practice) -> str | None:
    """A minor version as in `3.9`, or None for the base image's. Raises Rejected when none will do."""
    older = project.pythons is None or project.pythons.contains(f"3.{BEFORE}.9")
    if older and (old := _old_import(files)):
        files.note(f"python 3.{BEFORE}: {old}")
        return f"3.{BEFORE}"
    if project.pythons is None:
        only = {each.rpartition(" ")[2] for each in project.classifiers if "Python :: " in each}
        if only and not any(each.startswith("3") for each in only) and any(each.startswith("2") for each in only):
            raise Rejected("unsupported", "it is for Python 2 alone, by its classifiers")
        return None
    allowed = [minor for minor in range(OLDEST, NEWEST + 1) if project.pythons.contains(f"3.{minor}.9")]
    if not allowed:
        raise Rejected("unsupported", f"{project.pythons_from} is {project.pythons}: no Python from 3.{OLDEST} will do")
    if BASE in allowed:
        return None
    named = {minor for _, minor in practice.pythons} | {
        int(match[1]) for each in project.classifiers if (match := re.fullmatch(r".*Python :: 3\.(\d{1,2})", each))
    }
    used = [minor for minor in allowed if minor in named] or allowed
    minor = min(used) if min(used) > BASE else max(used)
    files.note(f"python 3.{minor}: {project.pythons_from} is {project.pythons}")
    return f"3.{minor}"


def _old_import(files: Files) -> str:
    """Where a module imports, without a second choice, what newer Pythons do not have; empty for nowhere."""
    sources = [path for path in sorted(files.tree) if path.endswith(".py") and path in files]
    for path in sources[:MAX_SOURCES]:
        if not any(name in (files.text(path) or "") for name in ("from collections import", "from inspect import")):
            continue
        module = files.python(path)
        for node in module.body if module else ():
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                gone = sorted(GONE.get(node.module or "", frozenset()) & {each.name for each in node.names})
                if gone:
                    return f"{path} imports {gone[0]} from {node.module}, which is gone since"
    return ""
