"""Git's objects as plain data: a commit's files read, trees written, without a work tree, filters or attributes."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import zlib
from collections.abc import Collection
from pathlib import Path

from runner.scenarios.git import GitRefused, git
from sandboxes.archive import Entry, Tree, misplaced, safe_path


def tree_at(repository: Path, commit: str, skip: Collection[str] = ()) -> dict[str, Entry]:
    """The files of a commit, byte for byte, without a work tree, filters or attributes; submodules are left out.

    So is what git itself never checks out: paths outside, and whatever is in a `.git`. `skip` names folders that are
    left out wherever they are. Raises GitRefused, also for a tree that no disk can hold.
    """
    listed = git(repository, "ls-tree", "-r", "-z", "--full-tree", commit)
    wanted: list[tuple[str, str, str]] = []
    for line in filter(None, listed.split(b"\0")):
        about, _, name = line.partition(b"\t")
        mode, kind, sha = about.decode().split()
        path = name.decode("utf-8", "surrogateescape")
        left_out = {*skip}.intersection(path.split("/")[:-1]) or ".git" in path.lower().split("/")
        if kind == "blob" and safe_path(path) == path and not left_out:
            wanted.append((path, mode, sha))
    if (bad := misplaced(dict.fromkeys(path for path, _, _ in wanted))) is not None:
        raise GitRefused(f"{bad!r:.200} lies below a file or a link; the repository is damaged, or meant to harm")
    data = blobs(repository, [sha for _, _, sha in wanted])
    return {path: Entry(data[sha], mode == "100755", mode == "120000") for path, mode, sha in wanted}


def store(tree: Tree, repository: Path) -> str:
    """Keep a tree in a bare repository, made where there is none, as a commit without parents; returns its hash.

    The same tree is the same commit.
    """
    if not (repository / "objects").is_dir():
        repository.mkdir(parents=True, exist_ok=True)
        git(repository, "init", "-q", "--bare")
    written = write_tree(tree, repository / "objects").hex()
    commit = git(repository, "commit-tree", "-m", "Check out the project", written).decode().strip()
    git(repository, "update-ref", f"refs/bases/{commit}", commit)
    return commit


def blobs(repository: Path, shas: Collection[str]) -> dict[str, bytes]:
    """Hash → content of any objects, all from one process of git. Raises GitRefused where one is missing."""
    asked = list(dict.fromkeys(shas))
    if not asked:
        return {}
    with tempfile.TemporaryFile() as names:
        names.write("".join(f"{sha}\n" for sha in asked).encode())
        names.seek(0)
        answer = git(repository, "cat-file", "--batch", stdin=names)
    found: dict[str, bytes] = {}
    place = 0
    for sha in asked:
        end = answer.index(b"\n", place)
        about = answer[place:end].split()
        if len(about) != 3:
            raise GitRefused(f"{sha} is missing; the repository is not whole")
        size = int(about[2])
        found[sha] = answer[end + 1 : end + 1 + size]
        place = end + 1 + size + 1
    return found


def write_tree(tree: Tree, objects: Path) -> bytes:
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
        found.append((name.encode("utf-8", "surrogateescape"), b"40000", write_tree(inside, objects)))
    found.sort(key=lambda each: each[0] + b"/" if each[1] == b"40000" else each[0])
    return _write_object(b"tree", b"".join(b"%b %b\0%b" % (mode, name, sha) for name, mode, sha in found), objects)


def _write_object(kind: bytes, data: bytes, objects: Path) -> bytes:
    whole = b"%b %d\0%b" % (kind, len(data), data)
    sha = hashlib.sha1(whole, usedforsecurity=False)
    file = objects / sha.hexdigest()[:2] / sha.hexdigest()[2:]
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        partial = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
        partial.write_bytes(zlib.compress(whole, 1))
        partial.replace(file)
    return sha.digest()
