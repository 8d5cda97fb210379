"""Whether a run's folder is worked on right now, found out without touching the lock that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from runner.folder import RunFolder

SLACK_SECONDS = 2.0
"""How much later than its note a process may seem to have begun: clocks of files and of processes differ."""


@dataclass(frozen=True)
class Holder:
    """Who holds a run's folder."""

    state: Literal["alive", "dead", "none"]
    """`dead`: a process left its note and is gone; `none`: whoever worked here last left in order."""
    pid: int | None = None
    since: float | None = None
    """Seconds since the epoch."""


def holder_of(folder: RunFolder) -> Holder:
    """A process that has the note's number but began after the note was written is another one."""
    note: Path = folder.path / ".holder"
    try:
        pid, since = int(note.read_text(encoding="ascii")), note.stat().st_mtime
        if pid <= 0:
            raise ValueError
    except FileNotFoundError:
        return Holder("none")
    except (OSError, ValueError):
        return Holder("dead")
    try:
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= since + SLACK_SECONDS
    except psutil.AccessDenied:
        alive = True
    except (psutil.Error, OverflowError):
        alive = False
    return Holder("alive" if alive else "dead", pid, since)
