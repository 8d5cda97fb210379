"""A run's log, `log.jsonl`: what went wrong, what healed, what held it back; one JSON object a line."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from runner.messages import Frozen, shorten
from runner.regular import opened

LOG = "log.jsonl"
Kind = Literal[
    "started", "resumed", "ended", "interrupted", "halted",
    "holding", "capped", "late", "draining", "stopped_late",
    "disk_low", "disk_ok", "clock",
    "engine_gone", "engine_back", "node_joined", "node_lost",
    "provider_down", "provider_probe", "provider_back", "provider_given_up",
    "retried", "gave_up", "stuck", "abandoned", "leftover",
]  # fmt: skip
UNWRITTEN = 1000
"""Lines that are kept in memory while the disk is full."""


class Happened(Frozen):
    """One line of the log."""

    at: str
    """UTC, ISO 8601, to the millisecond."""
    kind: Kind
    text: str
    """A sentence for people."""
    trial: str = ""
    """A trial's folder."""
    model: str = ""
    scenario: str = ""
    attempt: int | None = None
    seconds: float | None = None
    """How long it lasted, or will last."""
    detail: str = ""
    """More lines, as of a stack."""


class RunLog:
    """Appends to the log. Thread-safe. Never raises for a disk: what cannot be written is written later."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._unwritten: deque[bytes] = deque(maxlen=UNWRITTEN)
        self._listeners: list[Callable[[Happened], None]] = []

    def listen(self, hear: Callable[[Happened], None]) -> None:
        """`hear` is told of each line from now on, also of those that a full disk does not take; it must not wait."""
        self._listeners.append(hear)

    def add(
        self,
        kind: Kind,
        text: str,
        *,
        trial: str = "",
        model: str = "",
        scenario: str = "",
        attempt: int | None = None,
        seconds: float | None = None,
        detail: str = "",
    ) -> None:
        line = Happened(
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            kind=kind,
            text=shorten(text, 2000),
            trial=trial,
            model=model,
            scenario=scenario,
            attempt=attempt,
            seconds=None if seconds is None else round(seconds, 3),
            detail=shorten(detail, 20_000),
        )
        with self._lock:
            plain = json.dumps(line.model_dump(exclude_defaults=True), ensure_ascii=False)
            self._unwritten.append(plain.encode("utf-8", "replace") + b"\n")
            with contextlib.suppress(OSError):
                self._write()
        for hear in self._listeners:
            hear(line)

    def _write(self) -> None:
        """Each line whole or not at all: what a full disk tore is cut off again, what a crash tore is closed."""
        with self._file.open("ab", buffering=0) as handle:
            end = handle.seek(0, os.SEEK_END)
            if end and not _ends_whole(self._file):
                end += handle.write(b"\n")
            while self._unwritten:
                if handle.write(self._unwritten[0]) < len(self._unwritten[0]):
                    handle.truncate(end)
                    return
                end += len(self._unwritten.popleft())


def read_log(file: Path, most: int | None = None) -> Iterator[Happened]:
    """What a log says, oldest first; lines that are none of this version's are left out, as is a torn one.

    `most`: of a longer log no more than so many bytes from its end.
    """
    try:
        with opened(file) as handle:
            size = handle.seek(0, os.SEEK_END)
            handle.seek(0 if most is None else max(0, size - most))
            lines = handle.read().split(b"\n")
    except FileNotFoundError:
        return
    for line in lines:
        with contextlib.suppress(ValidationError):
            yield Happened.model_validate_json(line)


def _ends_whole(file: Path) -> bool:
    with file.open("rb") as handle:
        handle.seek(-1, os.SEEK_END)
        return handle.read(1) == b"\n"
