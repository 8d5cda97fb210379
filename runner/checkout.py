"""Git on the host: the buggy base as a one-commit repository, patches applied, differences shown.

Everything happens in temporary folders; nothing that came out of a sandbox is ever checked out, configured or run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from git import Git
from git.exc import GitCommandError

from runner.catalog import CACHES, ScenarioFolder
from runner.errors import ScenarioInvalid, UserError
from sandboxes.archive import Entry, Tree, read_folder

IDENTITY = {
    "GIT_AUTHOR_NAME": "taskfit",
    "GIT_AUTHOR_EMAIL": "taskfit@localhost",
    "GIT_COMMITTER_NAME": "taskfit",
    "GIT_COMMITTER_EMAIL": "taskfit@localhost",
    "GIT_AUTHOR_DATE": "2020-01-01T00:00:00+00:00",
    "GIT_COMMITTER_DATE": "2020-01-01T00:00:00+00:00",
}
ISOLATED = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
}


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
    with _folder(tree) as (folder, git):
        file = folder.parent / "change.patch"
        file.write_text(patch, encoding="utf-8")
        try:
            git.execute(["git", "apply", "--whitespace=nowarn", str(file)])
        except GitCommandError as error:
            code = name.split(".")[0].replace("solution", "reference") + "-does-not-apply"
            said = str(error.stderr).replace("stderr:", "").strip(" '\n")
            raise ScenarioInvalid(found.id, code, f"{name}: {said}") from None
        return read_folder(folder, (".git",))


def with_history(tree: Tree) -> dict[str, Entry]:
    """`tree` and a .git of one commit: no remote, no reflog, no tag, no object of any other commit."""
    with _folder(tree) as (folder, git):
        git.execute(["git", "init", "-q", "-b", "main"])
        git.execute(["git", "add", "-A", "-f"])
        git.execute(["git", "commit", "-q", "--no-verify", "--allow-empty", "-m", "Check out the project"])
        packed = read_folder(folder, ("hooks", "logs", "COMMIT_EDITMSG"))
        return {path: entry for path, entry in packed.items() if path.startswith(".git/")} | dict(tree)


def difference(before: Tree, after: Tree) -> str:
    """A git patch from one tree to the other, binary files included, for people and for regrading."""
    changed = changes(before, after)
    old = {path: before[path] for path in changed if path in before}
    with _folder(old) as (folder, git):
        git.execute(["git", "init", "-q", "-b", "main"])
        git.execute(["git", "add", "-A", "-f"])
        git.execute(["git", "commit", "-q", "--no-verify", "--allow-empty", "-m", "before"])
        for path in old:
            (folder / path).unlink()
        _lay_out({path: entry for path, entry in changed.items() if entry is not None}, folder)
        git.execute(["git", "add", "-A", "-f"])
        command = ["git", "diff", "--cached", "--binary", "--no-color", "--no-ext-diff", "--no-textconv"]
        shown = git.execute(command, stdout_as_string=False, strip_newline_in_stdout=False)
        return bytes(shown).decode("utf-8", "surrogateescape")


def _source(found: ScenarioFolder) -> dict[str, Entry]:
    """The repo's files at the pinned commit, or the folder beside repo.toml."""
    source = found.repo.repo.source
    if source.path is not None:
        return read_folder(found.repo.folder / source.path, (".git", *CACHES))
    with tempfile.TemporaryDirectory(prefix="taskfit-") as name:
        git = _git(Path(name))
        target = str(Path(name, "source"))
        try:
            git.execute(["git", "clone", "-q", "--no-checkout", "--", _location(found), target])
            git.execute(["git", "-C", target, "checkout", "-q", "--detach", str(source.commit)])
        except GitCommandError as error:
            problem = f"cannot check out {source.git} at {source.commit}: {str(error.stderr).strip()}"
            raise ScenarioInvalid(found.id, "source-unavailable", problem) from None
        return read_folder(Path(target), (".git", *CACHES))


def _location(found: ScenarioFolder) -> str:
    """A URL as it is; a path relative to repo.toml."""
    named = str(found.repo.repo.source.git)
    beside = found.repo.folder / named
    return str(beside.resolve()) if beside.exists() else named


@contextmanager
def _folder(tree: Tree) -> Iterator[tuple[Path, Git]]:
    """`tree` laid out in a temporary folder, and git working there."""
    with tempfile.TemporaryDirectory(prefix="taskfit-") as name:
        folder = Path(name, "tree")
        folder.mkdir()
        _lay_out(tree, folder)
        yield folder, _git(folder)


def _lay_out(tree: Mapping[str, Entry], folder: Path) -> None:
    """Write files and links; files first, so that no write ever goes through a link."""
    for path, entry in sorted(tree.items(), key=lambda item: item[1].is_link):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if entry.is_link:
            target.symlink_to(entry.data.decode("utf-8", "surrogateescape"))
        else:
            target.write_bytes(entry.data)
            target.chmod(0o755 if entry.executable else 0o644)


def _git(folder: Path) -> Git:
    if shutil.which("git") is None:
        raise UserError("git is not installed on this machine; install it (apt-get install git)")
    git = Git(folder)
    git.update_environment(**IDENTITY, **ISOLATED)
    return git
