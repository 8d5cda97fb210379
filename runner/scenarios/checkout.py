"""Git on the host: the buggy base as a one-commit repository, patches applied, differences shown.

Everything happens in temporary folders. What came out of a sandbox becomes git's objects, written here as plain data:
it is never checked out, configured or run, and git has no say in the names that a model chooses.
"""

from __future__ import annotations

from pathlib import Path

from runner.scenarios.catalog import CACHES, ScenarioFolder
from runner.errors import ScenarioInvalid
from runner.scenarios.git import GitRefused, git
from runner.scenarios.objects import tree_at, write_tree
from runner.scenarios.patches import PatchRefused, lay_out, patched, work_folder
from sandboxes.archive import Entry, Tree, read_folder

CLONE_SECONDS = 1800.0
"""How long a clone may take."""
MAX_DEPTH = 256
"""Folders within folders that a difference shows; git's own limit is not far above."""


def base_tree(found: ScenarioFolder) -> dict[str, Entry]:
    """The buggy files without .git. Raises ScenarioInvalid when the bug patch does not apply."""
    source = _source(found)
    return apply(found, "bug.patch", source, found.bug_patch) if found.bug_patch else source


def solved_tree(found: ScenarioFolder, base: Tree) -> dict[str, Entry]:
    """`base` with the reference fix. Raises ScenarioInvalid when it does not apply or changes nothing."""
    solved = apply(found, "solution.patch", base, found.solution_patch)
    if solved == dict(base):
        raise ScenarioInvalid(found.id, "reference-empty", "solution.patch changes nothing")
    return solved


def changes(before: Tree, after: Tree) -> dict[str, Entry | None]:
    """What turns one tree into another: path → new entry, None where it is deleted."""
    changed: dict[str, Entry | None] = {path: entry for path, entry in after.items() if before.get(path) != entry}
    return changed | {path: None for path in before if path not in after}


def apply(found: ScenarioFolder, name: str, tree: Tree, patch: str) -> dict[str, Entry]:
    """`tree` with a patch of the scenario's applied; raises ScenarioInvalid with git's own words."""
    try:
        return patched(tree, patch)
    except PatchRefused as error:
        code = name.split(".")[0].replace("solution", "reference") + "-does-not-apply"
        raise ScenarioInvalid(found.id, code, f"{name}: {error}") from None


def with_history(tree: Tree) -> dict[str, Entry]:
    """`tree` and a .git of one commit: no remote, no reflog, no tag, no object of any other commit."""
    with work_folder() as folder:
        lay_out(tree, folder)
        git(folder, "init", "-q", "-b", "main")
        git(folder, "add", "-A", "-f")
        git(folder, "commit", "-q", "--no-verify", "--allow-empty", "-m", "Check out the project")
        packed = read_folder(folder, ("hooks", "logs", "COMMIT_EDITMSG"))
        return {path: entry for path, entry in packed.items() if path.startswith(".git/")} | dict(tree)


def difference(before: Tree, after: Tree) -> str:
    """A git patch from one tree to the other, binary files included, for people and for regrading.

    Raises for no tree, whatever its names, links and attributes. A path too deep for git is left out and named.
    """
    changed = changes(before, after)
    if not changed:
        return ""
    shown = {path for path in changed if path.count("/") <= MAX_DEPTH}
    with work_folder() as folder:
        git(folder, "init", "-q", "--bare")
        objects = folder / "objects"
        old, new = (
            write_tree({path: tree[path] for path in shown if path in tree}, objects).hex() for tree in (before, after)
        )
        how = ("-r", "-p", "-M", "--binary", "--no-color", "--no-ext-diff", "--no-textconv")
        patch = git(folder, "diff-tree", *how, old, new).decode("utf-8", "surrogateescape")
    deep = "".join(f"left out, too deep to be shown: {path!r:.200}\n" for path in sorted(changed.keys() - shown))
    return deep + patch


def _source(found: ScenarioFolder) -> dict[str, Entry]:
    """The repo's files at the pinned commit, or the folder beside repo.toml."""
    source = found.repo.repo.source
    if source.path is not None:
        return found.repo.files()
    location = _location(found)
    try:
        if Path(location).is_dir():
            return tree_at(Path(location), str(source.commit), CACHES)
        with work_folder() as folder:
            git(folder, "clone", "-q", "--bare", "--", location, ".", seconds=CLONE_SECONDS)
            return tree_at(folder, str(source.commit), CACHES)
    except GitRefused as error:
        problem = f"cannot check out {source.git} at {source.commit}: {error}"
        raise ScenarioInvalid(found.id, "source-unavailable", problem) from None


def _location(found: ScenarioFolder) -> str:
    """A URL as it is; a path relative to repo.toml."""
    named = str(found.repo.repo.source.git)
    beside = found.repo.folder / named
    return str(beside.resolve()) if beside.exists() else named
