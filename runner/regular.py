"""Files that are what they seem: regular ones. A link may lead out of its folder, and a pipe never ends.

A run's folder may come from somebody else; what is read in it is shown, exported and written to.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    """To be read. Raises OSError, also for what is no regular file, and for a link."""
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{file} is no regular file")
        yield stream


def content(file: Path) -> bytes:
    """All of it. Raises OSError, as `opened` does."""
    with opened(file) as stream:
        return stream.read()
