"""How a repository's image is built and its tests are run, read from its files; nothing is run, no host is asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from runner.environments.below import from_the_root, inside, project_folder
from runner.environments.files import Files, table
from runner.environments.javascript import infer_node, package_json, without_lock
from runner.environments.others import infer_cargo, infer_go
from runner.environments.python import infer_python, is_python
from runner.errors import Rejected
from runner.scenarios.repo import Environment, RepoTests
from sandboxes.archive import Tree

__all__ = ["Guess", "infer", "without_lock"]


@dataclass(frozen=True)
class Guess:
    """An environment and a suite, with the reasons for both."""

    environment: Environment
    suite: RepoTests
    reasons: tuple[str, ...]
    """Each choice and where it was read, as in `pytest: [tool.pytest.ini_options] in pyproject.toml`."""


def infer(tree: Tree, on: date | None, about: Collection[str] = ()) -> Guess:
    """Read a repository's files; `on` is the day whose packages its environment should have.

    Where there are several projects below the root, that one counts which has the files `about`.

    Raises Rejected: `framework-unknown`, `unsupported`.
    """
    files = Files(tree)
    environment, suite = _infer(files, on, about)
    return Guess(environment, suite, tuple(files.reasons))


def _infer(files: Files, on: date | None, about: Collection[str]) -> tuple[Environment, RepoTests]:
    packaged = any(name in files for name in ("setup.py", "setup.cfg")) or bool(
        table(files.toml("pyproject.toml"), "project") or table(files.toml("pyproject.toml"), "tool", "poetry")
    )
    if packaged:
        return infer_python(files, on)
    if "go.mod" in files:
        return infer_go(files, on)
    if "Cargo.toml" in files:
        return infer_cargo(files, on)
    if "package.json" in files and (table(package_json(files), "scripts").get("test") or not is_python(files)):
        return infer_node(files, on)
    if not is_python(files) and (folder := project_folder(files, about)):
        return from_the_root(files, folder, infer_python(inside(files, folder), on))
    if is_python(files) or any("/" not in path and path.endswith(".py") for path in files.tree) or any(files.tests()):
        return infer_python(files, on)
    if go := next((path for path in sorted(files.tree) if path.endswith("_test.go") and "/" not in path), None):
        raise Rejected(
            "framework-unknown", f"its root has tests of Go ({go}) but no go.mod, without which Go runs none"
        )
    known = "pyproject.toml, setup.py, requirements.txt, package.json, go.mod or Cargo.toml"
    below = sorted({path.rpartition("/")[0] for path in files.tree if path.rpartition("/")[2] in known and "/" in path})
    hint = f"; {below[0]}/ has one: name that folder's tests in [suite]" if below else ""
    raise Rejected("framework-unknown", f"its root has no {known}{hint}")
