"""What a process has in memory, looked at from outside.

The kernel's own maximum will not do: `ru_maxrss` of a child begins with what its parent had when it was started.
"""

from __future__ import annotations

import subprocess
import time

import psutil

LOOK_SECONDS = 0.5


def resident(process: subprocess.Popen[bytes]) -> list[float]:
    """MiB at each look, until it ends."""
    seen, watched = [0.0], psutil.Process(process.pid)
    while process.poll() is None:
        seen.append(watched.memory_info().rss / (1 << 20))
        time.sleep(LOOK_SECONDS)
    return seen[1:]
