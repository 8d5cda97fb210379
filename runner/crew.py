"""The threads that work through a schedule: each trial to its end, and what is done where it meets none."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from typing import Protocol

from runner.breaker import Breaker
from runner.catalog import ScenarioFolder
from runner.disk import Disk
from runner.errors import BudgetExhausted, FileProblem, Interrupted, ProviderRefused, ScenarioInvalid, is_full
from runner.events import AnyEvent
from runner.folder import RunFolder
from runner.hours import Hours
from runner.ledger import Ledger, Row
from runner.lifeline import Lifeline
from runner.preparing import Preparation
from runner.purse import Purse
from runner.results import COUNTED, FailureKind, TrialKey, TrialResult, Verdict
from runner.runlog import Kind, RunLog
from runner.running import Running, Trials
from runner.schedule import Ruling, Schedule
from runner.staging import Stage
from runner.trial import failure_of, run_trial, write_result
from sandboxes.errors import EngineUnavailable, SandboxError

FULL_SECONDS = 2.0
"""How long to wait at least before a full disk is written to again."""


class Observer(Protocol):
    """Told what happens, from any thread."""

    def planned(self, rows: list[Row]) -> None: ...

    def phase(self, key: TrialKey, phase: str) -> None:
        """A trial begins a phase: preparing, starting, working, waiting (for a person), queued, grading."""
        ...

    def finished(self, result: TrialResult, committed_usd: float) -> None: ...

    def released(self, key: TrialKey) -> None:
        """A trial goes back to planned, perhaps to be tried again."""
        ...

    def say(self, text: str) -> None:
        """Something that the user should know."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What becomes of a trial whose thread is through with it.

    With a result it is done; `again` puts it back in line, `counted` as a failure; else it stays planned.
    """

    result: TrialResult | None = None
    again: bool = False
    counted: bool = False


HELD = Outcome()


@dataclass
class Crew:
    """Shared by all threads of a process's work on a run."""

    folder: RunFolder
    scenarios: Mapping[str, ScenarioFolder]
    stage: Stage
    observer: Observer
    ledger: Ledger
    log: RunLog
    lifeline: Lifeline
    purse: Purse
    hours: Hours
    disk: Disk
    breaker: Breaker
    trials: Trials
    stop: threading.Event
    halt: Callable[[str], None]
    """Stops the run, saying why."""
    retries: int
    refused: dict[str, str]
    """Model → why its provider serves none of its trials."""
    held: Counter[str] = field(default_factory=Counter)
    """What kept trials planned → how many."""
    _probes: set[int] = field(default_factory=set)
    _late: bool = False
    """Whether it was said that trials stay planned for want of time."""

    def begin(self, todo: Schedule, preparing: Preparation, count: int) -> None:
        """Start so many threads."""
        self._todo, self._preparing = todo, preparing
        self.workers = [self._hire(number) for number in range(count)]

    def _hire(self, number: int) -> threading.Thread:
        worker = threading.Thread(target=self._work, name=f"trial-{number}", daemon=True)
        worker.start()
        return worker

    # Which trial may start

    def may(self, row: Row) -> Ruling:
        key = row.key
        passage = self.breaker.passage(key.model)
        if passage == "closed_for_good":
            self.refused.setdefault(key.model, "its provider stayed out of reach")
        limit = self.scenarios[key.scenario].scenario.limits.minutes * 60
        late = (
            "" if self.hours.admits(key, limit) else f"the time is up, or would be before it ended ({self.hours.why()})"
        )
        if key.model in self.refused or (why := late or self.purse.holds(key)):
            if key.model not in self.refused:
                self.held[why] += 1
                self._say_late(why if late else "")
            return "hold"
        return "wait" if passage == "wait" or self.disk.short() else "go"

    def _say_late(self, why: str) -> None:
        """Once: that trials stay planned for want of time."""
        if why and not self._late:
            self._late = True
            self.log.add("late", f"trials begin to stay planned: {why}")

    def starts(self, row: Row) -> None:
        if self.breaker.taken(row.key.model):
            self._probes.add(row.position)

    def heard(self, running: Running) -> Callable[[AnyEvent], None]:
        """What listens to a trial's events."""

        def hear(event: AnyEvent) -> None:
            running.heard(event)
            if event.type == "replied":
                self.breaker.answered(running.row.key.model)

        return hear

    # One thread

    def _work(self) -> None:
        while (row := self._todo.next(self.stop, self)) is not None:
            running = self.trials.begin(row)
            outcome = self._outcome(running)
            if not self.trials.end(running):
                return  # it was abandoned meanwhile, and another thread took this one's place
            try:
                self._apply(running, outcome)
            except Exception as error:
                self._fault(running, error)

    def _outcome(self, running: Running) -> Outcome:
        """Work on a trial, whatever comes of it."""
        row = running.row
        try:
            self.lifeline.wait(running.stop)
            return self._one(running)
        except ProviderRefused as error:
            self.refused.setdefault(row.key.model, str(error))
        except BudgetExhausted as error:
            self.held[str(error)] += 1
        except (Interrupted, CancelledError):
            if running.abandoned:
                return HELD
            if running.why == "stuck":
                return self._after_failure(running, "stuck", None)
            if said := self.purse.holds(row.key):
                self.held[said] += 1
        except (OSError, sqlite3.Error) as error:
            return self._after_disk(error)
        except EngineUnavailable as error:
            self.halt(f"the container engine went away: {error}")
        except Exception as error:
            self._fault(running, error)
        finally:
            if not running.abandoned:
                self.purse.ended(row.key)
        return HELD

    def _fault(self, running: Running, error: Exception) -> None:
        said = f"trial {running.row.key.name} met a fault in taskfit itself: {type(error).__name__}: {error}"
        self.log.add("halted", said, detail="".join(traceback.format_exception(error)))
        self.halt(said)

    def _one(self, running: Running) -> Outcome:
        """One trial from planned to its result."""
        key = running.row.key
        attempt = running.attempt = self.ledger.start(running.row.position, self.purse.budget.caps(key))
        self.folder.set_aside(key, attempt - 1)
        folder = self.folder.trial(key)
        folder.mkdir(parents=True, exist_ok=True)
        self.observer.phase(key, "preparing")
        if unrun := self._no_trunk(key, attempt):
            write_result(folder, unrun)
            return Outcome(unrun)
        try:
            workspace, known = self._preparing.ready(key.scenario)
            setting = self.stage.setting(running, workspace, known, self.purse, self.heard(running))
        except ScenarioInvalid as error:
            result = _unrun(key, attempt, "invalid_scenario", f"{error.code}: {error.problem}")
        except FileProblem as error:
            result = _unrun(key, attempt, "infra_error", str(error))
        except SandboxError as error:
            running.failure = failure_of(error)
            result = _unrun(key, attempt, "infra_error", str(error))
        else:
            result = run_trial(setting)
            return self._after(running, result)
        write_result(folder, result)
        return self._after(running, result)

    def _no_trunk(self, key: TrialKey, attempt: int) -> TrialResult | None:
        """The result of a trial whose trunk left nothing to branch from; None where it did, or none is needed."""
        if self.stage.trunk_key(key) is None:
            return None
        trunk = self.stage.trunk_result(key)
        if trunk is None or trunk.verdict not in COUNTED:
            return _unrun(key, attempt, "infra_error", "the trial that it branches from came to no verdict")
        if trunk.submission is None:
            return _unrun(key, attempt, trunk.verdict, "nothing was submitted that could be challenged")
        return None

    # What becomes of it

    def _after(self, running: Running, result: TrialResult) -> Outcome:
        if result.verdict == "infra_error" and running.failure is not None:
            return self._after_failure(running, running.failure, result)
        return Outcome(result)

    def _after_failure(self, running: Running, kind: FailureKind, result: TrialResult | None) -> Outcome:
        """Tried again, a bounded number of times; while a provider is down, without counting."""
        row = running.row
        why = result.reason if result is not None else f"it hung while {running.phase}"
        if kind == "provider_down" and self.breaker.failed(row.key.model, why, row.position in self._probes):
            return Outcome(again=True)
        most = min(1, self.retries) if kind == "stuck" else self.retries
        if row.failures < most:
            said = f"{row.key.name} is tried again ({row.failures + 1} of {most}): {why}"
            self._log("retried", said, running)
            return Outcome(again=True, counted=True)
        self._log("gave_up", f"{row.key.name} ends in infra_error after {row.failures} retries: {why}", running)
        if result is None:
            result = _unrun(row.key, running.attempt, "infra_error", why)
            write_result(self.folder.trial(row.key), result)
        return Outcome(result)

    def _log(self, kind: Kind, said: str, running: Running) -> None:
        key = running.row.key
        self.log.add(kind, said, trial=key.name, model=key.model, scenario=key.scenario, attempt=running.attempt)
        self.observer.say(said)

    def _after_disk(self, error: Exception) -> Outcome:
        """A full disk is waited for; what else a disk refuses ends the run."""
        if not is_full(error):
            self.halt(f"cannot write to {self.folder.path}: {error}")
            return HELD
        self._await_room()
        return Outcome(again=True)

    def _await_room(self) -> None:
        self.disk.was_full()
        self.stop.wait(FULL_SECONDS)
        self.disk.await_room(self.stop)

    def _apply(self, running: Running, outcome: Outcome) -> None:
        """Write the outcome down, and give the row back."""
        row, result = running.row, outcome.result
        if row.position in self._probes:
            self._probes.discard(row.position)
            self.breaker.left(row.key.model)
        if result is not None:
            self._written(lambda: self.ledger.finish(row.position, result.verdict, running.attempt, result.times.busy))
            self.hours.learn(row.key.scenario, row.key.model, result.times.busy)
            self.observer.finished(result, self.ledger.committed())
            self._todo.ended(row)
            return
        self.observer.released(row.key)
        self._written(lambda: (self.ledger.fail if outcome.counted else self.ledger.release)(row.position))
        if outcome.again:
            if running.attempt:
                self._written(lambda: self.folder.set_aside(row.key, running.attempt))
            self._todo.again(replace(row, failures=row.failures + outcome.counted))
        else:
            self._todo.hold(row)

    def _written(self, write: Callable[[], None]) -> None:
        """Write, and wait for room while the disk is full; at a stop a resume sees to it."""
        while True:
            try:
                return write()
            except (OSError, sqlite3.Error) as error:
                if not is_full(error):
                    self.halt(f"cannot write to {self.folder.path}: {error}")
                if self.stop.is_set():
                    return None
                self._await_room()

    @property
    def waiting(self) -> int:
        """Trials that nobody works on and nothing has held back so far."""
        return self._todo.waiting

    def replace_worker(self, running: Running) -> None:
        """Take a trial from a thread that nothing can end, and let a new thread work in its place."""
        if not self.trials.abandon(running):
            return
        self.workers = [worker for worker in self.workers if worker.ident != running.thread]
        self.purse.ended(running.row.key)
        with contextlib.suppress(OSError):
            self._apply(running, self._after_failure(running, "stuck", None))
        self.workers.append(self._hire(len(self.workers)))


def _unrun(key: TrialKey, attempt: int, verdict: Verdict, reason: str) -> TrialResult:
    return TrialResult(key=key, verdict=verdict, reason=reason, attempt=attempt)
