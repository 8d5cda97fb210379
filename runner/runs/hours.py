"""How long a run may work, and whether a trial would end in time."""

from __future__ import annotations

import statistics
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from runner.pulse import PULSE
from runner.results import TrialKey
from runner.runs.budget import Budget


class Hours:
    """Both deadlines, derived anew at each question: `until` by the clock on the wall, `minutes` by time worked.

    Thread-safe.
    """

    def __init__(
        self,
        budget: Budget,
        earlier: float,
        limit: Callable[[TrialKey], float],
        durations: Iterable[tuple[TrialKey, float]] = (),
    ) -> None:
        """`earlier`: seconds that earlier processes worked; `limit`: seconds that a trial may take, in its arm;
        `durations`: seconds that ended trials took."""
        self._until = datetime.fromisoformat(budget.until) if budget.until else None
        self._seconds = budget.minutes * 60 if budget.minutes is not None else None
        self._grace = budget.grace_minutes * 60
        self._earlier = earlier
        self._started = PULSE.now()
        self._lock = threading.Lock()
        self._limit = limit
        self._took: defaultdict[tuple[str, str, float], list[float]] = defaultdict(list)
        for key, seconds in durations:
            self.learn(key, seconds)
        self._window = self.left()

    @property
    def worked(self) -> float:
        """Seconds that this process has worked; what a suspended machine slept, or a stopped process lost, is none."""
        return PULSE.now() - self._started

    def left(self) -> float:
        """Seconds to the nearer deadline, negative after it; infinite without one."""
        return min(seconds for seconds, _ in self._deadlines())

    def why(self) -> str:
        """The nearer deadline, in words; empty without one."""
        return min(self._deadlines())[1]

    def over(self) -> bool:
        """Whether the grace after the deadline is over, too."""
        return self.left() + self._grace <= 0

    def learn(self, key: TrialKey, seconds: float) -> None:
        """How long a trial took."""
        limit = self._limit(key)
        with self._lock:
            for like in _alike(key, limit):
                self._took[like].append(seconds)

    def expected(self, key: TrialKey) -> float:
        """Seconds that a trial will probably take.

        The median of what trials of its scenario and model took, else of its scenario, else of its model; else its
        limit, but no more than half of what the run had at its start, so that a short run learns something at all.
        Trials that may take longer, or less, as in another arm or after a challenge, say nothing of it.
        """
        limit = self._limit(key)
        with self._lock:
            for like in _alike(key, limit):
                if took := self._took.get(like):
                    return statistics.median(took[-50:])
        return min(limit, self._window / 2)

    def admits(self, key: TrialKey) -> bool:
        """Whether a trial that starts now will probably end in time."""
        left = self.left()
        return left > 0 and self.expected(key) <= left

    def _deadlines(self) -> list[tuple[float, str]]:
        found = [(float("inf"), "")]
        if self._until is not None:
            seconds = (self._until - datetime.now(UTC)).total_seconds()
            found.append((seconds, f"until {self._until:%Y-%m-%d %H:%M}"))
        if self._seconds is not None:
            found.append((self._seconds - self._earlier - self.worked, f"{self._seconds / 60:g} minutes"))
        return found


def _alike(key: TrialKey, limit: float) -> tuple[tuple[str, str, float], ...]:
    """Of what trials the durations say most of this one's, the nearest first."""
    return (key.scenario, key.model, limit), (key.scenario, "", limit), ("", key.model, limit)
