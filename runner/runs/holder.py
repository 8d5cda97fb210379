"""Whether a run's folder is worked on right now, found out without touching the lock that holds it."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from runner.regular import content
from runner.runs.folder import RunFolder
from sandboxes.owner import started

LONGEST_NOTE = 4096
"""Bytes."""
SLACK_SECONDS = 2.0
"""How much later than a note that does not say when its process began that one may seem to have done so."""


@dataclass(frozen=True)
class Holder:
    """Who holds a run's folder."""

    state: Literal["alive", "dead", "none"]
    """`dead`: a process left its note and is gone; `none`: whoever worked here last left in order."""
    pid: int | None = None
    since: float | None = None
    """Seconds since the epoch."""


def holder_of(folder: RunFolder) -> Holder:
    """A process that has the note's number but began at another time, or after the note was written, is another one.

    One on another machine, in a folder that both see, counts as alive while its note is there: nobody here can tell.
    """
    note: Path = folder.path / ".holder"
    try:
        number, began, host, *_ = [*content(note, LONGEST_NOTE).decode().splitlines(), "", "", ""]
        pid, since = int(number), note.stat().st_mtime
        if pid <= 0:
            raise ValueError
    except FileNotFoundError:
        return Holder("none")
    except (OSError, ValueError):
        return Holder("dead")
    if host and host != socket.gethostname():
        return Holder("alive", pid, since)
    try:
        process = psutil.Process(pid)
        its = started(pid) == began if began else process.create_time() <= since + SLACK_SECONDS
        alive = its and process.status() != psutil.STATUS_ZOMBIE
    except psutil.AccessDenied:
        alive = True
    except (psutil.Error, OverflowError):
        alive = False
    return Holder("alive" if alive else "dead", pid, since)
