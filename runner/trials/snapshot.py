"""A workspace as a trial left it, kept beside its transcript: what differs from the base, as an archive."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from runner.errors import FileProblem
from runner.grading.acceptance import Changes
from runner.regular import opened
from sandboxes.archive import Entry, Tree, read_tar, write_tar
from sandboxes.base import Sandbox
from sandboxes.errors import ArchiveRefused

FILE = "workspace.tar.gz"
DELETED = ".taskfit-deleted.json"
"""The archive's member that lists what was deleted."""
MOST = 64 * 1024 * 1024
"""Bytes; a workspace that changed more is not kept, and no trial can branch from it."""


def save(folder: Path, changes: Changes) -> bool:
    """Write the changes; False, and nothing written, where they are too many to keep."""
    kept = {path: entry for path, entry in changes.items() if entry is not None}
    if sum(len(entry.data) for entry in kept.values()) > MOST:
        return False
    deleted = sorted(path for path, entry in changes.items() if entry is None)
    tar = write_tar({**kept, DELETED: Entry(json.dumps(deleted).encode())}, owner=0)
    partial = folder / f"{FILE}.partial"
    partial.write_bytes(gzip.compress(tar, compresslevel=3, mtime=0))
    partial.replace(folder / FILE)
    return True


def load(folder: Path) -> Changes:
    """The changes again. Raises FileProblem where there are none, or they are damaged."""
    file = folder / FILE
    try:
        with opened(file) as packed, gzip.open(packed) as stream:
            found = read_tar(_chunks(stream), max_bytes=2 * MOST)
        deleted = [str(path) for path in json.loads(found.pop(DELETED).data)]
    except FileNotFoundError:
        raise FileProblem(file, "no such file: the trial left no workspace, or one too large to keep") from None
    except (OSError, EOFError, zlib.error, KeyError, TypeError, ValueError, ArchiveRefused) as error:
        raise FileProblem(file, f"is damaged: {error}") from None
    return {**found, **dict.fromkeys(deleted)}


def lay_out(sandbox: Sandbox, changes: Changes, pristine: Tree) -> None:
    """Make a fresh workspace what it was: `pristine` is what it holds."""
    kept = {path: entry for path, entry in changes.items() if entry is not None}
    gone = [path for path in changes if path in pristine or changes[path] is None]
    if changes:
        sandbox.place(kept, delete=gone)


def _chunks(stream: gzip.GzipFile) -> Iterator[bytes]:
    while block := stream.read(1 << 20):
        yield block
