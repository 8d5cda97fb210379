"""The threads that work through a schedule: each trial to its end, and what is done where it meets none."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace

from runner.errors import BudgetExhausted, FileProblem, Interrupted, ProviderRefused, ScenarioInvalid, is_full
from runner.events import AnyEvent
from runner.results import COUNTED, FailureKind, TrialKey, TrialResult, unrun
from runner.runs.admission import Admission
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.runs.lifeline import Lifeline
from runner.runs.observer import Observer
from runner.runs.preparing import Preparation
from runner.runs.runlog import Kind, RunLog
from runner.runs.running import Running, Trials
from runner.runs.schedule import Schedule
from runner.runs.staging import Stage
from runner.trials.trial import failure_of, run_trial, write_result
from sandboxes.errors import EngineUnavailable, SandboxError

FULL_SECONDS = 2.0
"""How long to wait at least before a full disk is written to again."""
LOSSES = 5
"""How often a trial may lose its engine, or a provider that had answered it, before that counts as a failure of its
own: it may be what brings them down, and each attempt is paid for."""


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
    stage: Stage
    observer: Observer
    ledger: Ledger
    log: RunLog
    lifeline: Lifeline
    admission: Admission
    trials: Trials
    stop: threading.Event
    halt: Callable[[str], None]
    """Stops the run, saying why."""
    retries: int

    def __post_init__(self) -> None:
        self._losses: Counter[int] = Counter()
        rules = self.admission
        self.purse, self.hours, self.disk, self.breaker = rules.purse, rules.hours, rules.disk, rules.breaker

    def begin(self, todo: Schedule, preparing: Preparation, count: int) -> None:
        """Start so many threads."""
        self._todo, self._preparing = todo, preparing
        self.workers = [self._hire(number) for number in range(count)]

    def _hire(self, number: int) -> threading.Thread:
        worker = threading.Thread(target=self._work, name=f"trial-{number}", daemon=True)
        worker.start()
        return worker

    def heard(self, running: Running) -> Callable[[AnyEvent], None]:
        """What listens to a trial's events."""

        def hear(event: AnyEvent) -> None:
            running.heard(event)
            if event.type == "replied":
                self.breaker.answered(running.row.key.model)

        return hear

    # One thread

    def _work(self) -> None:
        try:
            while (row := self._todo.next(self.stop, self.admission)) is not None:
                running = self.trials.begin(row)
                outcome = self._outcome(running)
                if not self.trials.end(running):
                    return  # it was abandoned meanwhile, and another thread took this one's place
                try:
                    self._apply(running, outcome)
                except Exception as error:
                    self._fault(f"trial {row.key.name}", error)
        except BaseException as error:  # a thread that ends without a word would leave trials that nobody misses
            self._fault("the choice of the next trial", error)

    def _outcome(self, running: Running) -> Outcome:
        """Work on a trial, whatever comes of it."""
        row = running.row
        try:
            self.lifeline.wait(running.stop)
            return self._one(running)
        except ProviderRefused as error:
            self._refused(row.key.model, str(error))
        except BudgetExhausted as error:
            self.admission.held.add(str(error), error.name)
        except (Interrupted, CancelledError):
            if running.abandoned:
                return HELD
            if running.why == "stuck":
                return self._after_failure(running, "stuck", None)
            if (cap := self.purse.holds(row)) is not None:
                self.admission.held.add(str(cap), cap.name)
        except (OSError, sqlite3.Error) as error:
            return self._after_disk(error)
        except EngineUnavailable as error:
            self.halt(f"the container engine went away: {error}")
        except BaseException as error:  # whatever it is, the trial must not be lost with its thread
            self._fault(f"trial {row.key.name}", error)
        finally:
            if not running.abandoned:
                self.purse.ended(row.key)
        return HELD

    def _refused(self, model: str, why: str) -> None:
        if self.admission.refused.setdefault(model, why) is why:
            said = f"{model}: its provider serves none of its trials, which stay planned: {why}"
            self.log.add("provider_given_up", said, model=model)

    def _fault(self, where: str, error: BaseException) -> None:
        said = f"{where} met a fault in taskfit itself: {type(error).__name__}: {error}"
        self.log.add("halted", said, detail="".join(traceback.format_exception(error)))
        self.halt(said)

    def _one(self, running: Running) -> Outcome:
        """One trial from planned to its result."""
        key = running.row.key
        attempt = running.attempt = self.purse.begins(running.row)
        self.folder.set_aside(key, attempt - 1)
        folder = self.folder.trial(key)
        folder.mkdir(parents=True, exist_ok=True)
        self.observer.phase(key, "preparing")
        if (missing := self._no_trunk(key, attempt)) is not None:
            write_result(folder, missing)
            return Outcome(missing)
        try:
            workspace, known = self._preparing.ready(self.stage.subject(key))
            setting = self.stage.setting(running, workspace, known, self.purse, self.heard(running))
        except ScenarioInvalid as error:
            result = unrun(key, attempt, "invalid_scenario", f"{error.code}: {error.problem}")
        except FileProblem as error:
            result = unrun(key, attempt, "infra_error", str(error))
        except SandboxError as error:
            running.failure = failure_of(error)
            result = unrun(key, attempt, "infra_error", str(error))
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
            return unrun(key, attempt, "infra_error", "the trial that it branches from came to no verdict")
        if trunk.submission is None:
            return unrun(key, attempt, trunk.verdict, "nothing was submitted that could be challenged")
        return None

    # What becomes of it

    def _after(self, running: Running, result: TrialResult) -> Outcome:
        if result.verdict == "infra_error" and running.failure is not None:
            return self._after_failure(running, running.failure, result)
        return Outcome(result)

    def _after_failure(self, running: Running, kind: FailureKind, result: TrialResult | None) -> Outcome:
        """Tried again, a bounded number of times; without counting while a provider is down or an engine went away."""
        row = running.row
        why = result.reason if result is not None else f"it hung while {running.phase}"
        if kind in ("engine", "sandbox") and self._lost_engine(running, kind):
            self._log("retried", f"{row.key.name} is tried again, since its engine went away: {why}", running)
            return Outcome(again=True)
        if kind == "provider_down" and self._pauses(running, why):
            return Outcome(again=True)
        most = min(1, self.retries) if kind == "stuck" else self.retries
        if row.failures < most:
            said = f"{row.key.name} is tried again ({row.failures + 1} of {most}): {why}"
            self._log("retried", said, running)
            return Outcome(again=True, counted=True)
        self._log("gave_up", f"{row.key.name} ends in infra_error after {row.failures} retries: {why}", running)
        if result is None:
            result = unrun(row.key, running.attempt, "infra_error", why)
            write_result(self.folder.trial(row.key), result)
        return Outcome(result)

    def _lost_engine(self, running: Running, kind: FailureKind) -> bool:
        """Whether it failed because its engine went away, as any trial would have."""
        if self._losses[running.row.position] == LOSSES:
            return False
        lost = kind == "engine" or self.lifeline.was_away_since(running.began, running.stop)
        return lost and self._may_lose(running)

    def _pauses(self, running: Running, why: str) -> bool:
        """Whether it failed because its provider is down, as any trial of the model would have."""
        row = running.row
        paused = self.breaker.failed(row.key.model, why, row.position in self.admission.probes)
        return paused and (not running.answered or self._may_lose(running))

    def _may_lose(self, running: Running) -> bool:
        """Whether it may begin once more without that being counted."""
        position = running.row.position
        if self._losses[position] == LOSSES:
            return False
        self._losses[position] += 1
        return True

    def _log(self, kind: Kind, said: str, running: Running) -> None:
        key = running.row.key
        self.log.add(kind, said, trial=key.name, model=key.model, scenario=key.scenario, attempt=running.attempt)
        self.observer.say(said)

    def _after_disk(self, error: Exception) -> Outcome:
        """No trial starts before a full disk has room; what else a disk refuses ends the run."""
        if not self._is_full(error):
            self.halt(f"cannot write to {self.folder.path}: {error}")
            return HELD
        self.disk.was_full(error)
        return Outcome(again=True)

    def _is_full(self, error: Exception) -> bool:
        """SQLite tells a quota from a broken disk by no word of its own."""
        return is_full(error) or (isinstance(error, sqlite3.Error) and bool(self.disk.refuses()))

    def _apply(self, running: Running, outcome: Outcome) -> None:
        """Write the outcome down, and give the row back."""
        row, result = running.row, outcome.result
        self.admission.ended(row)
        if result is not None:
            self._written(lambda: self.ledger.finish(row.position, result.verdict, running.attempt, result.times.busy))
            self.disk.took()
            self.hours.learn(row.key, result.times.busy)
            self.observer.finished(result, self.purse.committed())
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
                if not self._is_full(error):
                    self.halt(f"cannot write to {self.folder.path}: {error}")
                if self.stop.is_set():
                    return None
                self.disk.was_full(error)
                self.stop.wait(FULL_SECONDS)
                self.disk.await_room(self.stop)

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
