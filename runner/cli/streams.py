"""Standard streams that may go away: a closed terminal, a reader that has left, none at all from the start."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

GONE = (errno.EPIPE, errno.EIO, errno.EBADF, errno.ENXIO)


def fill() -> None:
    """Open the null device in place of streams that the process was started without, so that no file of a run's gets
    their numbers. What standard output's encoding has no sign for is written as an escape, as standard error has it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


class Lasting:
    """A text stream for which it is no error that nobody reads it any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with unheard(self._stream):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with unheard(self._stream):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def lasting(stream: TextIO) -> TextIO:
    return cast("TextIO", Lasting(stream))


@contextmanager
def unheard(stream: TextIO) -> Iterator[None]:
    """What is written to a stream that has gone away goes nowhere, now and from then on."""
    try:
        yield
    except OSError as error:
        if error.errno not in GONE:
            raise
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, stream.fileno())
        except OSError:
            pass
        finally:
            os.close(null)
