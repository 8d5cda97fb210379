"""Transcripts on disk, as something to be read on from where one stopped: whole lines alone, regular files alone."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from runner.regular import opened

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes; a longer line is no step that anybody reads, and is stepped over."""
TAIL = 256
"""Bytes before a place that tell whether a file is still the one that was read up to there."""


class State(NamedTuple):
    """How far a transcript has been read."""

    inode: int
    end: int
    """Bytes, of whole lines."""
    tail: str
    """Digest of the last bytes before `end`."""


class Line(NamedTuple):
    start: int
    length: int
    text: bytes
    """Empty where the line is too long."""


def places(run: Path) -> Iterator[str]:
    """The folders of a run that hold a transcript, attempts that were set aside included, relative to the run's."""
    for trial in _folders(run / "trials"):
        yield f"trials/{trial}"
        for attempt in _folders(run / "trials" / trial / "attempts"):
            yield f"trials/{trial}/attempts/{attempt}"


def _folders(folder: Path) -> list[str]:
    """A link leads elsewhere, so it is none."""
    try:
        with os.scandir(folder) as found:
            return sorted(each.name for each in found if each.is_dir(follow_symlinks=False))
    except OSError:
        return []


def look(file: Path) -> os.stat_result | None:
    """None where there is no regular file."""
    with suppress(OSError):
        found = file.stat(follow_symlinks=False)
        return found if stat.S_ISREG(found.st_mode) else None
    return None


def goes_on(lines: BinaryIO, state: State) -> bool:
    """Whether the file is the one that was read, and nothing before that place has changed."""
    now = os.fstat(lines.fileno())
    return now.st_ino == state.inode and now.st_size >= state.end and tail(lines, state.end) == state.tail


def tail(lines: BinaryIO, end: int) -> str:
    start = max(0, end - TAIL)
    lines.seek(start)
    return hashlib.sha256(lines.read(end - start)).hexdigest()


def whole_lines(lines: BinaryIO, start: int) -> Iterator[Line]:
    """Those from a place on; one that is still being written is left for later."""
    lines.seek(start)
    while text := lines.readline(LONGEST_LINE):
        rest, length = text, len(text)
        while not rest.endswith(b"\n"):
            if not (rest := lines.readline(LONGEST_LINE)):
                return
            length += len(rest)
        yield Line(start, length, text if length == len(text) else b"")
        start += length


def line_at(file: Path, start: int, length: int) -> bytes:
    """Raises OSError."""
    with opened(file) as lines:
        lines.seek(start)
        return lines.read(min(length, LONGEST_LINE))
