"""The trials that run now: what each last did, how it is told to stop, and which of them hang."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from runner.events import AnyEvent
from runner.events.conversation import Replied
from runner.events.endings import TrialFailed
from runner.pulse import PULSE
from runner.results import FailureKind
from runner.runs.disk import REFUSED_SECONDS
from runner.runs.ledger import Row
from runner.scenarios.scenario import Limits

Why = Literal["", "run", "stuck"]
"""Why a trial is to stop: not at all, because the run stops, because it hangs."""
GRADINGS = 2
"""A grading that was lied to is repeated once."""


@dataclass(frozen=True)
class Patience:
    """From when on a trial counts as hanging; seconds."""

    slack: float = 120.0
    """What an engine may take beside the limits themselves: start, kill, export."""
    provider: float = 2700.0
    """What one call of a model may take: its retries and one answer (`models.provider.retry`, `client`)."""
    disk: float = REFUSED_SECONDS
    """How long writes may be refused, where there is room, before the run stops."""
    abandon: float = 30.0
    """How long a hanging trial has, once its containers are gone, until another thread takes its place."""

    def of(self, limits: Limits, approval: float) -> Callable[[Running], float]:
        """How long a trial with these limits may be silent.

        A command or a test run has its own limit. A turn of the model's has the trial's minutes and what a provider's
        retries may take; a decision the approver's time, `approval`; a person all the time there is; a grading its
        limit, twice.
        """
        command = limits.command_seconds + self.slack

        def allowed(running: Running) -> float:
            if running.phase in ("preparing", "queued", "waiting"):
                return float("inf")
            if running.phase == "starting":
                return self.slack * 2
            if running.phase == "grading":
                return GRADINGS * command
            if running.last in ("decided", "submitted", "limit_reached"):
                return command
            if running.last == "call_proposed":
                return command + approval
            return limits.minutes * 60 + self.provider

        return allowed


@dataclass
class Running:
    """One trial in one thread. Fields are written by that thread, and read by whoever watches."""

    row: Row
    attempt: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    why: Why = ""
    phase: str = "preparing"
    last: str = ""
    """The type of its last event."""
    answered: bool = False
    """Whether its model has had a turn."""
    failure: FailureKind | None = None
    """What failed, where the infrastructure did."""
    began: float = field(default_factory=time.monotonic)
    since: float = field(default_factory=PULSE.now)
    """When it last did anything."""
    thread: int = field(default_factory=threading.get_ident)
    allowed: Callable[[Running], float] = lambda running: float("inf")
    """Seconds that it may be silent, as it stands."""
    abandoned: bool = False
    """Whether it was taken from its thread: whatever that still does counts for nothing."""
    people: float = 0.0
    """Seconds that it has waited for people, and then for a place."""
    told: float | None = None
    """When it was told to stop because it hangs."""

    def heard(self, event: AnyEvent) -> None:
        self.last, self.since = event.type, PULSE.now()
        self.answered = self.answered or isinstance(event, Replied)
        if isinstance(event, TrialFailed):
            self.failure = event.kind

    def entered(self, phase: str) -> None:
        self.phase, self.since = phase, PULSE.now()

    @property
    def silent(self) -> float:
        """Seconds since it last did anything."""
        return PULSE.now() - self.since

    def where(self) -> str:
        """The stack of its thread."""
        frame = sys._current_frames().get(self.thread)
        return "".join(traceback.format_stack(frame)) if frame is not None else ""


class Trials:
    """The trials of a process that run now. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: dict[int, Running] = {}
        self._stopped: Why = ""

    def begin(self, row: Row) -> Running:
        running = Running(row)
        with self._lock:
            self._now[row.position] = running
            if self._stopped:
                self._tell(running, self._stopped)
        return running

    def end(self, running: Running) -> bool:
        """The trial's thread is through with it; False where the trial was taken from it meanwhile."""
        with self._lock:
            mine = self._now.get(running.row.position) is running
            if mine:
                del self._now[running.row.position]
            return mine

    def abandon(self, running: Running) -> bool:
        """Take a trial from a thread that nothing can end; False where it came to an end by itself."""
        running.abandoned = self.end(running)
        return running.abandoned

    def all(self) -> list[Running]:
        with self._lock:
            return list(self._now.values())

    def stop_all(self) -> None:
        """Tell all of them, and those that are yet to begin, to stop."""
        with self._lock:
            self._stopped = "run"
            for running in self._now.values():
                self._tell(running, "run")

    def stop_stuck(self, running: Running) -> None:
        with self._lock:
            self._tell(running, "stuck")
            running.told = time.monotonic()

    @staticmethod
    def _tell(running: Running, why: Why) -> None:
        running.why = running.why or why
        running.stop.set()
