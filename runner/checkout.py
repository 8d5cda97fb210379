"""Git on the host: the buggy base as a one-commit repository, patches applied, differences shown.

Everything happens in temporary folders. What came out of a sandbox becomes git's objects, written here as plain data:
it is never checked out, configured or run, and git has no say in the names that a model chooses.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

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
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "core.attributesFile",
    "GIT_CONFIG_VALUE_0": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
}
AS_IT_IS = "* -text -ident -filter -working-tree-encoding\n"
"""Attributes over those of a tree: no file is converted."""
MAX_DEPTH = 256
"""Folders within folders that a difference shows; git's own limit is not far above."""


class GitRefused(UserError):
    """Git did not do what it was asked to; carries its own words."""


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
    with _folder() as folder:
        _lay_out(tree, folder)
        _git(folder, "init", "-q")
        (folder / ".git" / "info").mkdir(exist_ok=True)
        (folder / ".git" / "info" / "attributes").write_text(AS_IT_IS)
        file = folder.with_name("change.patch")
        file.write_bytes(patch.encode())
        try:
            _git(folder, "apply", "--whitespace=nowarn", str(file))
        except GitRefused as error:
            code = name.split(".")[0].replace("solution", "reference") + "-does-not-apply"
            raise ScenarioInvalid(found.id, code, f"{name}: {error}") from None
        return read_folder(folder, (".git",))


def with_history(tree: Tree) -> dict[str, Entry]:
    """`tree` and a .git of one commit: no remote, no reflog, no tag, no object of any other commit."""
    with _folder() as folder:
        _lay_out(tree, folder)
        _git(folder, "init", "-q", "-b", "main")
        _git(folder, "add", "-A", "-f")
        _git(folder, "commit", "-q", "--no-verify", "--allow-empty", "-m", "Check out the project")
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
    with _folder() as folder:
        _git(folder, "init", "-q", "--bare")
        objects = folder / "objects"
        old, new = (
            _write_tree({path: tree[path] for path in shown if path in tree}, objects).hex() for tree in (before, after)
        )
        how = ("-r", "-p", "-M", "--binary", "--no-color", "--no-ext-diff", "--no-textconv")
        patch = _git(folder, "diff-tree", *how, old, new).decode("utf-8", "surrogateescape")
    deep = "".join(f"left out, too deep to be shown: {path!r:.200}\n" for path in sorted(changed.keys() - shown))
    return deep + patch


def _source(found: ScenarioFolder) -> dict[str, Entry]:
    """The repo's files at the pinned commit, or the folder beside repo.toml."""
    source = found.repo.repo.source
    if source.path is not None:
        return found.repo.files()
    with _folder() as folder:
        try:
            _git(folder, "clone", "-q", "--no-checkout", "--", _location(found), ".")
            _git(folder, "checkout", "-q", "--detach", str(source.commit))
        except GitRefused as error:
            problem = f"cannot check out {source.git} at {source.commit}: {error}"
            raise ScenarioInvalid(found.id, "source-unavailable", problem) from None
        return read_folder(folder, (".git", *CACHES))


def _location(found: ScenarioFolder) -> str:
    """A URL as it is; a path relative to repo.toml."""
    named = str(found.repo.repo.source.git)
    beside = found.repo.folder / named
    return str(beside.resolve()) if beside.exists() else named


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder in one of its own, so that a file can lie beside it."""
    with tempfile.TemporaryDirectory(prefix="taskfit-") as name:
        folder = Path(name, "tree")
        folder.mkdir()
        yield folder


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


def _write_tree(tree: Tree, objects: Path) -> bytes:
    """Write a tree's files and folders as git's loose objects; returns the tree's hash."""
    found: list[tuple[bytes, bytes, bytes]] = []
    folders: dict[str, dict[str, Entry]] = {}
    for path, entry in tree.items():
        name, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(name, {})[rest] = entry
        else:
            mode = b"120000" if entry.is_link else b"100755" if entry.executable else b"100644"
            found.append((name.encode("utf-8", "surrogateescape"), mode, _write_object(b"blob", entry.data, objects)))
    for name, inside in folders.items():
        found.append((name.encode("utf-8", "surrogateescape"), b"40000", _write_tree(inside, objects)))
    found.sort(key=lambda each: each[0] + b"/" if each[1] == b"40000" else each[0])
    return _write_object(b"tree", b"".join(b"%b %b\0%b" % (mode, name, sha) for name, mode, sha in found), objects)


def _write_object(kind: bytes, data: bytes, objects: Path) -> bytes:
    whole = b"%b %d\0%b" % (kind, len(data), data)
    sha = hashlib.sha1(whole, usedforsecurity=False)
    file = objects / sha.hexdigest()[:2] / sha.hexdigest()[2:]
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(zlib.compress(whole, 1))
    return sha.digest()


def _git(folder: Path, *words: str) -> bytes:
    """What git says in a folder, untouched by the user's configuration and by a hook around taskfit.

    Raises GitRefused, and UserError where there is no git.
    """
    if shutil.which("git") is None:
        raise UserError("git is not installed on this machine; install it (apt-get install git)")
    from git import Git
    from git.exc import GitCommandError

    git = Git(folder)
    git.update_environment(**IDENTITY, **ISOLATED)
    foreign = [name for name in os.environ if name.startswith("GIT_") and name not in IDENTITY | ISOLATED]
    command = ["env", *(word for name in foreign for word in ("-u", name)), "git", *words]
    try:
        return bytes(git.execute(command, stdout_as_string=False, strip_newline_in_stdout=False))
    except GitCommandError as error:
        raise GitRefused(str(error.stderr).strip().removeprefix("stderr:").strip(" '\n")) from None
