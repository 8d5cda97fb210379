"""A trial's events on disk: appended line by line, written out at each step, repaired after a crash."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, cast

from pydantic import ValidationError

from runner.errors import FileProblem
from runner.events import EVENTS, AnyEvent
from runner.events.base import Event
from runner.messages import to_json
from runner.regular import opened

E = TypeVar("E", bound=Event)


class Transcript:
    """Appends events to a JSONL file and gives each its step. A write that fails raises OSError and adds nothing.

    `heard` is told of each event once it is written.
    """

    def __init__(self, file: Path, heard: Callable[[AnyEvent], None] | None = None) -> None:
        self._file = file
        self._heard = heard
        file.parent.mkdir(parents=True, exist_ok=True)
        repair(file)
        self._step = sum(1 for _ in read(file)) if file.exists() else 0
        self._handle = file.open("ab", buffering=0)
        self._end = self._handle.seek(0, os.SEEK_END)
        self._lock = threading.Lock()

    def append(self, event: E) -> E:
        """Write one event with its step and time; returns it as written."""
        with self._lock:
            stamped = event.model_copy(update={"step": self._step, "at": _now()})
            self._write(to_json(stamped) + b"\n")
            self._step += 1
        if self._heard is not None:
            self._heard(cast("AnyEvent", stamped))
        return stamped

    def _write(self, line: bytes) -> None:
        """The whole line, or nothing: what a refused write left is cut off now, or else before the next one."""
        self._handle.truncate(self._end)
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[self._handle.write(rest) :]
        except BaseException:
            with contextlib.suppress(OSError):
                self._handle.truncate(self._end)
            raise
        self._end += len(line)

    def close(self) -> None:
        self._handle.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read(file: Path) -> Iterator[AnyEvent]:
    """The events of a transcript, a torn last line left out. Raises FileProblem for any other line that is no event."""
    with opened(file) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield EVENTS.validate_json(line)
            except ValidationError as error:
                problem = f"line {number} is no event of this version: {error.errors(include_url=False)[0]['msg']}"
                raise FileProblem(file, problem) from None


def repair(file: Path) -> bool:
    """Cut off a last line that a crash tore; True when there was one."""
    if not file.exists() or not (size := file.stat().st_size):
        return False
    with file.open("r+b") as handle:
        handle.seek(-1, os.SEEK_END)
        if handle.read(1) == b"\n":
            return False
        keep, position, block = 0, size, 64 * 1024
        while position and not keep:
            start = max(0, position - block)
            handle.seek(start)
            found = handle.read(position - start).rfind(b"\n")
            keep = start + found + 1 if found >= 0 else 0
            position = start
        handle.truncate(keep)
    return True


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
