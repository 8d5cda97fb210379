"""Which Python a project is run on: the base image's wherever the project allows it."""

from __future__ import annotations

import re

from runner.environments.files import Files
from runner.environments.practice import Practice
from runner.environments.project import Project
from runner.errors import Rejected

BASE = 11
"""Minor version of the base image's Python."""
OLDEST, NEWEST = 8, 15
"""Minor versions that are looked for."""


def choose_python(files: Files, project: Project, practice: Practice) -> str | None:
    """A minor version as in `3.9`, or None for the base image's. Raises Rejected when none will do."""
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
