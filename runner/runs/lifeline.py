"""The connection to the engine: when it goes away a run waits for it, and says so once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from runner.errors import Interrupted
from runner.runs.runlog import RunLog
from sandboxes.errors import EngineUnavailable
from sandboxes.site import Site

ENGINE_SECONDS = 900.0
"""How long a run waits for an engine that went away before it stops, resumable."""
LEAVES_SECONDS = 3.0
"""An engine that is shut down ends its containers first, and answers meanwhile."""


class Lifeline:
    """Shared by all threads of a run."""

    def __init__(self, site: Site, log: RunLog, say: Callable[[str], None]) -> None:
        self.site, self._log, self._say = site, log, say
        self._lock = threading.Lock()
        self._gone: float | None = None
        self._back = float("-inf")

    def wait(self, stop: threading.Event) -> None:
        """Return once the engine answers. Raises EngineUnavailable when it stays away, Interrupted at a stop."""
        deadline = time.monotonic() + ENGINE_SECONDS
        while not stop.is_set():
            try:
                self.site.check()
            except EngineUnavailable as error:
                self._went(error)
                if time.monotonic() > deadline:
                    raise EngineUnavailable(f"no answer for {ENGINE_SECONDS:.0f} s ({error})") from error
                stop.wait(1.0)
            else:
                self._came()
                return
        raise Interrupted("stopped")

    def was_away_since(self, moment: float, stop: threading.Event) -> bool:
        """Whether the engine has been away at any time since `moment` (monotonic seconds), or goes now."""
        deadline = time.monotonic() + LEAVES_SECONDS
        while True:
            try:
                self.site.check()
            except EngineUnavailable as error:
                self._went(error)
                return True
            if self._back >= moment:
                return True
            if time.monotonic() > deadline or stop.wait(LEAVES_SECONDS / 10):
                return False

    def _went(self, error: Exception) -> None:
        with self._lock:
            if self._gone is not None:
                return
            self._gone = time.monotonic()
        said = f"the container engine does not answer ({str(error)[:200]}); waiting for it"
        self._say(said)
        self._log.add("engine_gone", said)

    def _came(self) -> None:
        with self._lock:
            gone, self._gone = self._gone, None
            self._back = self._back if gone is None else time.monotonic()
        if gone is not None:
            seconds = time.monotonic() - gone
            said = f"the container engine answers again after {seconds:.0f} s; the run goes on"
            self._say(said)
            self._log.add("engine_back", said, seconds=seconds)
