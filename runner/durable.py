"""Files that outlive a power failure: on disk, whole, under their names, before anybody relies on them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psutil

ANEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""How a file is opened to be written: never where a link in its place leads, nor a pipe that nobody reads."""
COPYING = frozenset({"bcachefs", "btrfs"})
"""File systems that write over nothing: whatever is written anew takes new room first."""


def write_whole(file: Path, content: bytes) -> None:
    """Write a file whole or not at all; with its name on disk on return. Raises OSError."""
    partial = file.with_name(f".{file.name}.partial")
    try:
        with os.fdopen(os.open(partial, ANEW, 0o666), "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    sync(file.parent)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk; a file system that cannot do so for folders is let be."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        if path.is_file():
            raise
    finally:
        os.close(handle)


def overwrites(folder: Path) -> bool:
    """Whether a file that is there can be written over, through a mapping, too, although its disk or a quota is full.

    Where it cannot, the kernel ends a process that does so (SIGBUS).
    """
    whole = folder.resolve()
    above = [each for each in psutil.disk_partitions(all=True) if whole.is_relative_to(each.mountpoint)]
    nearest = max(above, key=lambda each: len(each.mountpoint), default=None)
    return nearest is None or nearest.fstype not in COPYING
