"""Folders for a moment, named after the process that made them, so that a dead one's can be swept away."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sandboxes.owner import is_alive, me

_NAME = re.compile(r"taskfit-(?P<host>.+)-(?P<pid>\d+)-(?P<at>\d+\.\d+)(-(?P<began>\d+\.\d+))?-[^-]+")


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"taskfit-{me().replace(' ', '-')}-") as name:
        yield Path(name)


def sweep() -> list[Path]:
    """Remove the folders of processes that are dead, this user's alone; returns them."""
    swept = []
    for folder in Path(tempfile.gettempdir()).glob("taskfit-*"):
        named = _NAME.fullmatch(folder.name)
        if named is None or is_alive(" ".join(filter(None, named.group("host", "pid", "at", "began")))):
            continue
        with contextlib.suppress(OSError):
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                shutil.rmtree(folder)
                swept.append(folder)
    return swept
