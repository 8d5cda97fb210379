"""A Python project in a folder below the root, as monorepos have them: read there, told from the root."""

from __future__ import annotations

import posixpath
from collections.abc import Collection

from runner.environments.files import Files
from runner.environments.python import INSTALL
from runner.errors import Rejected
from runner.scenarios.repo import Environment, RepoTests
from sandboxes.hands import WORKSPACE

PROJECTS = ("pyproject.toml", "setup.py", "setup.cfg")
SETTINGS = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
"""Where pytest's settings of a folder may be, in its own order."""


def project_folder(files: Files, about: Collection[str]) -> str | None:
    """The folder of the one project below the root, or of the one that `about`, the tests that decide, are in."""
    known = {posixpath.dirname(path) for path in files.tree if posixpath.basename(path) in PROJECTS}
    around = {_nearest(path, known) for path in about} - {None}
    found = around or {folder for folder in known if folder and _nearest(posixpath.dirname(folder), known) is None}
    return found.pop() if len(found) == 1 else None


def _nearest(path: str, known: Collection[str]) -> str | None:
    """The deepest of the known folders that a path is in; the root does not count."""
    while path := posixpath.dirname(path):
        if path in known:
            return path
    return None


def inside(files: Files, folder: str) -> Files:
    """The project's own files, with the reasons of the whole."""
    below = {
        path.removeprefix(f"{folder}/"): entry for path, entry in files.tree.items() if path.startswith(f"{folder}/")
    }
    return Files(below, files.reasons)


def from_the_root(files: Files, folder: str, found: tuple[Environment, RepoTests]) -> tuple[Environment, RepoTests]:
    """What was inferred in a folder, for commands that are run at the root. Raises Rejected for other runners."""
    environment, suite = found
    if suite.framework != "pytest":
        problem = f"its tests are {suite.framework}'s in {folder}/, and those are run at the root alone"
        raise Rejected("unsupported", f"{problem}; make its tests pytest's in [suite]")
    install = tuple(
        command.removesuffix(".") + f"./{folder}" if command == INSTALL else f"cd {folder} && {command}"
        for command in environment.install
    )
    path = environment.variables.get("PYTHONPATH", WORKSPACE)
    variables = dict(environment.variables) | {"PYTHONPATH": path.replace(WORKSPACE, f"{WORKSPACE}/{folder}")}
    settings = next((f"{folder}/{name}" for name in SETTINGS if f"{folder}/{name}" in files), None)
    args = [*suite.args, *(("-c", settings) if settings else ()), "--rootdir=."]
    paths = tuple(f"{folder}/{place}" for place in suite.paths) or (folder,)
    files.note(f"{folder}/ holds the project; pytest is run at the root, with {settings or 'no settings'}")
    return (
        environment.model_copy(update={"install": install, "variables": variables}),
        suite.model_copy(update={"args": tuple(args), "paths": paths}),
    )
