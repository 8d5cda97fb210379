"""Time in which this process could work: the monotonic clock, without the stretches in which the process was stopped.

A suspended machine stops the monotonic clock on Linux; a stopped process (SIGSTOP, Ctrl-Z, a frozen container or a
paused virtual machine) does not. A thread beats twice a second, so that a longer silence of it tells of a stop.
"""

from __future__ import annotations

import threading
import time

BEAT_SECONDS = 0.5
GAP_SECONDS = 4.0
"""Between two beats; less may be a busy machine."""


class Pulse:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = time.monotonic()
        self._lost = 0.0
        self._beats = False

    def now(self) -> float:
        """Seconds, for differences alone. Whoever asks first after a stop finds it."""
        with self._lock:
            if not self._beats:
                self._beats, self._last = True, time.monotonic()
                threading.Thread(target=self._beat, name="pulse", daemon=True).start()
            moment = time.monotonic()
            if moment - self._last >= GAP_SECONDS:
                self._lost += moment - self._last - BEAT_SECONDS
            self._last = moment
            return moment - self._lost

    @property
    def lost(self) -> float:
        """Seconds in which the process was stopped."""
        self.now()
        return self._lost

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT_SECONDS)
            self.now()


PULSE = Pulse()
"""This process's."""
