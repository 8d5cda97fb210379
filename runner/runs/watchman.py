"""Looks after a run while its threads work: its hours, its clock, and trials that hang."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from dataclasses import dataclass, field

from runner.pulse import PULSE
from runner.runs.crew import Crew
from runner.runs.held import TIME
from runner.runs.running import Running
from sandboxes.errors import SandboxError

EVERY_SECONDS = 0.5
NOTE_SECONDS = 5.0
"""How often the time worked is written down."""
GAP_SECONDS = 20.0
"""From how far apart the two clocks are moved within one look, something happened to them."""


@dataclass
class Watchman:
    """Used by one thread: `look` every now and then."""

    crew: Crew
    session: int
    abandon_seconds: float
    _wall: float = field(default_factory=time.time)
    _monotonic: float = field(default_factory=time.monotonic)
    _lost: float = field(default_factory=lambda: PULSE.lost)
    _noted: float = 0.0
    _draining: bool = False

    def look(self) -> bool:
        """Whether the run may go on: False once the grace after its last hour is over, or its disk is hopeless."""
        if time.monotonic() - self._monotonic < EVERY_SECONDS:
            return True
        self._compare_clocks()
        self.note()
        for running in self.crew.trials.all():
            self._look_at(running)
        if said := self.crew.disk.hopeless():
            self.crew.halt(said)
            return False
        return not self._late()

    def note(self, now: bool = False) -> None:
        """Write down how long this process has worked; a full disk keeps the last note."""
        worked = self.crew.hours.worked
        if now or worked - self._noted >= NOTE_SECONDS:
            self._noted = worked
            with contextlib.suppress(sqlite3.Error):
                self.crew.ledger.worked(self.session, worked)

    def _compare_clocks(self) -> None:
        wall, monotonic = time.time(), time.monotonic()
        gap = (wall - self._wall) - (monotonic - self._monotonic)
        self._wall, self._monotonic = wall, monotonic
        if abs(gap) >= GAP_SECONDS:
            said = (
                f"the clock moved by {gap:+.0f} s: the machine was suspended, or its clock was set; no trial is charged"
            )
            self._say_of_clocks(said, gap)
        if (lost := PULSE.lost - self._lost) > 0:
            self._lost += lost
            self._say_of_clocks(f"this process was stopped for {lost:.0f} s; no trial is charged", lost)

    def _say_of_clocks(self, said: str, seconds: float) -> None:
        self.crew.log.add("clock", said, seconds=seconds)
        self.crew.observer.say(said)

    def _late(self) -> bool:
        """Say once that the hours are over; whether their grace is, too."""
        hours = self.crew.hours
        if hours.left() <= 0 and not self._draining:
            self._draining = True
            under_way = len(self.crew.trials.all())
            said = f"the time is up ({hours.why()}): no trial starts any more, {under_way} may still end"
            self.crew.log.add("draining", said)
            self.crew.observer.say(said)
        if not hours.over():
            return False
        if under_way := len(self.crew.trials.all()):
            said = f"{under_way} trials did not end in the time of grace and go back to planned"
            self.crew.log.add("stopped_late", said)
            self.crew.observer.say(said)
        if left := under_way + self.crew.waiting:
            self.crew.admission.held.add(f"the time is up ({hours.why()})", TIME, left)
        return True

    def _look_at(self, running: Running) -> None:
        if running.told is None:
            if running.silent > running.allowed(running):
                self._stuck(running)
        elif time.monotonic() - running.told > self.abandon_seconds:
            said = f"{running.row.key.name} does not end; another thread takes the place of the one in which it hangs"
            self.crew.log.add("abandoned", said, trial=running.row.key.name)
            self.crew.replace_worker(running)

    def _stuck(self, running: Running) -> None:
        key, silent = running.row.key, running.silent
        said = (
            f"{key.name} hangs: nothing for {silent:.0f} s while {running.phase}, "
            f"its last event was {running.last or 'none'}; its containers are removed"
        )
        self.crew.log.add(
            "stuck", said, trial=key.name, model=key.model, scenario=key.scenario, attempt=running.attempt,
            seconds=silent, detail=running.where(),
        )  # fmt: skip
        self.crew.observer.say(said)
        self.crew.trials.stop_stuck(running)
        threading.Thread(target=self._remove, args=(key.name,), name="remove", daemon=True).start()

    def _remove(self, trial: str) -> None:
        """In a thread of its own: a wedged engine may take minutes to answer."""
        deadline = time.monotonic() + self.abandon_seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(SandboxError):
                self.crew.lifeline.site.remove(trial)
                return
            time.sleep(1.0)
