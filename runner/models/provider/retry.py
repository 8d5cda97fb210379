"""How long to wait before a call is made again, and when to give up."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from runner.errors import Interrupted

TRIES = 8
PATIENCE_SECONDS = 900.0
"""Of waiting for one call, in all."""
FIRST_SECONDS, LONGEST_SECONDS = 1.0, 60.0


@dataclass
class Patience:
    """The waiting of one call: exponential with full jitter (Brooker 2015), or as long as the server asks.

    A server that asks for no time at all, as in a date that has passed, has asked for nothing.
    """

    stop: threading.Event
    tries: int = TRIES
    seconds: float = PATIENCE_SECONDS
    first: float = FIRST_SECONDS
    attempts: int = 0
    waited: float = 0.0
    random: random.Random = field(default_factory=random.Random)

    def wait(self, headers: Mapping[str, str]) -> bool:
        """Wait before the next attempt; False when the patience is used up. Raises Interrupted."""
        if self.attempts >= self.tries:
            return False
        asked = retry_after(headers)
        ceiling = min(LONGEST_SECONDS, self.first * 2 ** (self.attempts - 1))
        pause = asked + self.random.uniform(0, 0.1 * asked) if asked else self.random.uniform(0, ceiling)
        if self.waited + pause > self.seconds:
            return False
        started = time.monotonic()
        if self.stop.wait(pause):
            raise Interrupted("stopped by the user")
        self.waited += time.monotonic() - started
        return True


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks for (`retry-after-ms`, or `retry-after` in seconds or as a date); None without."""
    found = {name.lower(): value for name, value in headers.items()}
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(found.get(name, "")) * unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    try:
        return max(0.0, parsedate_to_datetime(found.get("retry-after", "")).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
