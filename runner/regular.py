"""Files that are what they seem: regular ones. A link may lead out of its folder, and a pipe never ends.

A run's folder may come from somebody else; what is read in it is shown, exported and written to.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

LARGEST = 256 * 2**20
"""Bytes of a file that is read as a whole where nothing else is said."""


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    """To be read. Raises OSError, also for what is no regular file, and for a link."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise OSError(errno.ELOOP, "is a link, and none is followed here", str(file)) from None
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "is no regular file", str(file))
        yield stream


def content(file: Path, most: int = LARGEST) -> bytes:
    """All of it. Raises OSError, as `opened` does, and for a file of more than `most` bytes."""
    with opened(file) as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"is larger than {most // 2**20} MiB", str(file))
    return data
