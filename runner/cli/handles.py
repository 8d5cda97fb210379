"""How many files this process may have open: each trial has some, and the usual number is one for single programs."""

from __future__ import annotations

import contextlib
import resource

WANTED = 8192
"""More than 256 trials at a time have open, with their connections."""


def raise_limit(wanted: int = WANTED) -> int:
    """As many as are wanted, or as this user may have; returns how many. Never fewer than there were."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= most:
        return soft
    with contextlib.suppress(OSError, ValueError):  # a system may have another limit that it tells nobody
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
