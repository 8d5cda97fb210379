"""Patches on trees of files: what one touches, and a tree with one applied.

Git reads and applies them, in temporary folders, so that a patch means here what it means everywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runner.errors import UserError
from runner.scenarios.git import GitRefused, git
from sandboxes.archive import Entry, Tree, misplaced, read_folder, safe_path
from sandboxes.scratch import scratch

AS_IT_IS = "* -text -ident -filter -working-tree-encoding\n"
"""Attributes over those of a tree: no file is converted."""
MAX_PATCH = 16 << 20
"""Bytes of a patch that are read at all."""


class PatchRefused(UserError):
    """A patch does not apply, or is none; carries git's own words."""


class PatchHostile(PatchRefused):
    """A patch reaches for what no patch of a project's files needs."""


@dataclass(frozen=True)
class Touched:
    """One file that a patch changes."""

    path: str
    """As it is afterwards; before, for a file that goes."""
    binary: bool


def touched(patch: str) -> list[Touched]:
    """The files that a patch changes, in its order.

    Raises PatchRefused where it is no patch or too large, PatchHostile for a path outside the project or in `.git`.
    """
    with _file_of(patch) as file:
        git(file.parent, "init", "-q")
        try:
            listed = git(file.parent, "apply", "--numstat", "-z", str(file)).split(b"\0")
        except GitRefused as error:
            raise PatchRefused(str(error)) from None
    found = [line.split(b"\t", 2) for line in listed if line.count(b"\t") >= 2]
    files = [Touched(path.decode("utf-8", "surrogateescape"), added == b"-") for added, _, path in found]
    if not files:
        raise PatchRefused("it changes no file")
    for each in files:
        if safe_path(each.path) != each.path or ".git" in each.path.lower().split("/"):
            raise PatchHostile(f"it reaches for {each.path!r:.200}")
    return files


def patched(tree: Tree, patch: str) -> dict[str, Entry]:
    """`tree` with a patch applied. Raises PatchRefused; nothing outside of the tree is ever written."""
    with work_folder() as folder, _file_of(patch) as file:
        lay_out(tree, folder)
        git(folder, "init", "-q")
        (folder / ".git" / "info").mkdir(exist_ok=True)
        (folder / ".git" / "info" / "attributes").write_text(AS_IT_IS)
        try:
            git(folder, "apply", "--whitespace=nowarn", str(file))
        except GitRefused as error:
            raise PatchRefused(str(error)) from None
        return read_folder(folder, (".git",))


@contextmanager
def work_folder() -> Iterator[Path]:
    """A temporary folder that is nobody's repository."""
    with scratch() as folder:
        yield folder


def lay_out(tree: Mapping[str, Entry], folder: Path) -> None:
    """Write files and links; files first, and nothing below a link, so that no write ever goes through one.

    Raises PatchRefused for a tree that no disk can hold.
    """
    if (bad := misplaced(tree)) is not None:
        raise PatchRefused(f"{bad!r:.200} lies below a file or a link")
    for path, entry in sorted(tree.items(), key=lambda item: item[1].is_link):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if entry.is_link:
            target.symlink_to(entry.data.decode("utf-8", "surrogateescape"))
        else:
            target.write_bytes(entry.data)
            target.chmod(0o755 if entry.executable else 0o644)


@contextmanager
def _file_of(patch: str) -> Iterator[Path]:
    """The patch as a file in a folder of its own. Raises PatchRefused for one that no file can hold or nobody reads."""
    try:
        data = patch.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise PatchRefused("it holds half a character (a lone surrogate)") from None
    if len(data) > MAX_PATCH:
        raise PatchRefused(f"it has {len(data) >> 20} MiB; no more than {MAX_PATCH >> 20} are read")
    with work_folder() as folder:
        file = folder / "change.patch"
        file.write_bytes(data)
        yield file
