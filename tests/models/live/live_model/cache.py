"""Things that are expensive to get, kept from one run of the tests to the next.

A thing is made under a file lock in a folder beside its place and moved there by one rename: whatever is there is
whole, and two processes never make it twice. Removing the cache's folder is always safe.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

Say = Callable[[str], None]
Make = Callable[[Path], Path]
"""Makes a thing, given an empty folder to work in; returns the file that is to be kept."""


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/taskfit/live`, or `~/.cache/taskfit/live`."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "taskfit", "live")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def kept(name: str, make: Make, say: Say) -> Path:
    """The file of this name in the cache, made first where it is missing."""
    place = cache_folder() / name
    if place.exists():
        return place
    lock = FileLock(place.with_name(f".{name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"waiting for another process that makes {name}")
        lock.acquire()
    try:
        if not place.exists():
            _made(place, make)
    finally:
        lock.release()
    return place


def _made(place: Path, make: Make) -> None:
    for left in place.parent.glob(f".{place.name}.*/"):  # by a process that was killed: this one holds the lock
        shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}."))
    try:
        make(work).rename(place)
    finally:
        shutil.rmtree(work, ignore_errors=True)
