"""Whose a container is: the process that made it, so that a dead run's leftovers can be told from a live one's."""

from __future__ import annotations

import functools
import os
import socket

import psutil

LABEL = "taskfit.owner"
"""On every container: `host pid start-time`."""
KIND = "taskfit.kind"
"""On every container and image: sandbox, grading, build; base, environment, workspace."""


@functools.cache
def me() -> str:
    """This process, told apart from a later one with the same pid."""
    return f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.2f}"


def is_alive(owner: str) -> bool:
    """Whether the owner still runs; owners on other hosts count as alive, since nobody here can tell."""
    host, pid, started = (*owner.split(" "), "", "")[:3]
    if host != socket.gethostname():
        return True
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(started)) < 1.0
    except (psutil.Error, ValueError):
        return False
