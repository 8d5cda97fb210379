"""Whose a container is: the process that made it, so that a dead run's leftovers can be told from a live one's."""

from __future__ import annotations

import functools
import os
import socket
from pathlib import Path

import psutil

LABEL = "taskfit.owner"
"""On every container: `host pid start-time started`, of which earlier versions write and read the first three."""
NAME = "taskfit.container"
"""On every container: its own name. Whatever is run of an image of ours inherits its labels, but not that name."""
KIND = "taskfit.kind"
"""On every container and image: sandbox, grading, build; base, environment, workspace."""


@functools.cache
def me() -> str:
    """This process, told apart from a later one with the same pid."""
    return f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.2f} {started(os.getpid())}"


def started(pid: int) -> str:
    """When a process began: on Linux since the machine did, so that setting the clock does not make another one of it.

    Raises psutil.Error where there is no such process.
    """
    if not Path("/proc/self/stat").exists():
        return f"{psutil.Process(pid).create_time():.2f}"
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        raise psutil.NoSuchProcess(pid) from None
    return f"{int(fields[19]) / os.sysconf('SC_CLK_TCK'):.2f}"


def is_alive(owner: str) -> bool:
    """Whether the owner still runs; owners on other hosts count as alive, since nobody here can tell."""
    host, pid, at, began = (*owner.split(" "), "", "", "")[:4]
    if host != socket.gethostname():
        return True
    try:
        if began:
            return started(int(pid)) == began
        return abs(psutil.Process(int(pid)).create_time() - float(at)) < 1.0
    except (psutil.Error, ValueError):
        return False
