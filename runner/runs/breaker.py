"""A circuit breaker for each model: while its provider is down its trials pause, and one at a time tries again.

closed ──failures in a row──▶ open ──pause over──▶ half-open ──an answer──▶ closed
                               ▲                       │
                               └────the trial fails────┘   (the pause doubles)
"""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from runner.runs.runlog import RunLog

AFTER = 3
"""Failures in a row that open it. Each of them has waited and asked several times already (`provider.retry`)."""
FIRST_SECONDS, LONGEST_SECONDS = 30.0, 900.0
PROBES = 24
"""Trials in a row that may try in vain, over some five hours; then the model's trials stay planned."""

Passage = Literal["go", "wait", "closed_for_good"]


@dataclass
class _State:
    in_a_row: int = 0
    probes: int = 0
    probing: bool = False
    opened: float | None = None
    """When it opened; None while it is closed."""
    until: float = 0.0


@dataclass
class Breaker:
    """Thread-safe; times are monotonic seconds."""

    log: RunLog
    after: int = AFTER
    first: float = FIRST_SECONDS
    longest: float = LONGEST_SECONDS
    most_probes: int = PROBES
    random: random.Random = field(default_factory=random.Random)
    clock: Callable[[], float] = time.monotonic
    _states: defaultdict[str, _State] = field(default_factory=lambda: defaultdict(_State))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def passage(self, model: str) -> Passage:
        """Whether a trial of the model may start now; the one that does is to be `taken`."""
        with self._lock:
            state = self._states[model]
            if state.probes >= self.most_probes:
                return "closed_for_good"
            if state.opened is None:
                return "go"
            return "wait" if state.probing or self.clock() < state.until else "go"

    def taken(self, model: str) -> bool:
        """A trial of the model starts; whether it is the one that tries whether the provider answers again."""
        with self._lock:
            state = self._states[model]
            if state.opened is None:
                return False
            state.probing = True
            self.log.add("provider_probe", f"{model}: one trial tries whether its provider answers again", model=model)
            return True

    def answered(self, model: str) -> None:
        """The provider served a call."""
        with self._lock:
            state = self._states[model]
            opened = state.opened
            if opened is None:
                state.in_a_row = 0
            else:
                self._states[model] = _State()
                seconds = self.clock() - opened
                said = f"{model}: its provider answers again after {seconds:.0f} s; its trials go on"
                self.log.add("provider_back", said, model=model, seconds=seconds)

    def left(self, model: str) -> None:
        """The trial that tried ended without an answer and without a word of the provider's: another one may try."""
        with self._lock:
            self._states[model].probing = False

    def failed(self, model: str, why: str, probe: bool) -> bool:
        """A trial ended because the provider is down; whether the model's trials pause now."""
        with self._lock:
            state = self._states[model]
            state.in_a_row += 1
            if state.opened is None and state.in_a_row < self.after:
                return False
            if state.opened is None:
                state.opened = self.clock()
            elif not probe:
                return True
            else:
                state.probing = False
                state.probes += 1
            self._pause(model, state, why)
            return True

    def _pause(self, model: str, state: _State, why: str) -> None:
        if state.probes >= self.most_probes:
            said = f"{model}: {state.probes} trials tried in vain; its other trials stay planned: {why}"
            self.log.add("provider_given_up", said, model=model)
            return
        ceiling = min(self.longest, self.first * 2**state.probes)
        pause = ceiling * self.random.uniform(0.5, 1.0)
        state.until = self.clock() + pause
        said = f"{model}: its provider is down, its trials pause for {pause:.0f} s: {why}"
        self.log.add("provider_down", said, model=model, seconds=pause)
