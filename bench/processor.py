"""What something takes of a processor: unlike a clock's seconds, hardly more where other work shares the machine."""

from __future__ import annotations

import os


def spent() -> float:
    """Seconds of this process, and of its children that have ended, in its own code and in the system's."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
