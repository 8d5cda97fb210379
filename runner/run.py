"""Runs a study: plans it into a folder, works through the ledger with threads, goes on after any interruption."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sqlite3
import threading
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from runner.approvers.base import Approver
from runner.approvers.policy import Policy, load_policy
from runner.catalog import ScenarioFolder, load_scenario, validated
from runner.errors import FileProblem, Interrupted, ProviderRefused, ScenarioInvalid, UserError
from runner.folder import RunFolder
from runner.ledger import Ledger, Row
from runner.leftover import Leftovers
from runner.lock import differing, lock_of
from runner.preparing import Preparation, await_engine
from runner.questions import Questions
from runner.results import COUNTED, TrialKey, TrialResult, Verdict
from runner.schedule import Schedule
from runner.staging import Stage
from runner.study import Study
from runner.trial import run_trial, write_result
from sandboxes.client import Engine
from sandboxes.errors import EngineUnavailable, SandboxError
from sandboxes.reaper import reap, remove_own

STOP_SECONDS = 15.0
"""How long an interrupted run waits for its workers."""


class Observer(Protocol):
    """Told what happens, from any thread."""

    def planned(self, rows: list[Row]) -> None: ...

    def phase(self, key: TrialKey, phase: str) -> None:
        """A trial begins a phase: preparing, starting, working, waiting (for a person), grading."""
        ...

    def finished(self, result: TrialResult, committed_usd: float) -> None: ...

    def say(self, text: str) -> None:
        """Something that the user should know."""
        ...


@dataclass
class Run:
    """One process's work on one run's folder."""

    study: Study
    folder: RunFolder
    scenarios: Mapping[str, ScenarioFolder]
    policy: Policy
    human: Approver | None
    """Who answers where a study's approver is a person; None where nobody sits at a terminal."""
    engine: Engine
    observer: Observer
    stop: threading.Event = field(default_factory=threading.Event)
    problem: str = ""
    """Why the run had to stop before its end, when it was not the user."""
    refused: dict[str, str] = field(default_factory=dict)
    """Model → why its provider serves none of its trials; they stay planned."""
    _stage: Stage = field(init=False)
    _todo: Schedule = field(init=False)

    def __post_init__(self) -> None:
        self._stage = Stage(
            study=self.study,
            folder=self.folder,
            policy=self.policy,
            human=self.human,
            engine=self.engine,
            stop=self.stop,
            grading=threading.Semaphore(max(2, os.cpu_count() or 2)),
            phase=self.observer.phase,
            leftovers=Leftovers(Path(self.study.failed_run)) if self.study.failed_run else None,
            aside=lambda: self._todo.set_aside(self.stop),
        )

    def plan(self) -> None:
        """Write lock and ledger of a new run. Raises UserError when the folder holds a run already."""
        if self.folder.lock_file.exists():
            raise UserError(
                f"{self.folder.path} holds a run already; `taskfit resume {self.folder.path}` goes on with it"
            )
        keys = self.study.keys(self.scenarios, self._stage.leftovers or ())
        if len({key.name for key in keys}) != len(keys):
            raise UserError("two trials would share a folder; rename a model or a scenario")
        self.folder.forget_plan()
        with self._ledger() as ledger:
            ledger.plan(keys)
        lock = lock_of(self.study, self.policy, self.scenarios, self.engine.description)
        partial = self.folder.path / ".lock.partial"
        partial.write_text(json.dumps(lock, indent=1, sort_keys=True), encoding="utf-8")
        partial.replace(self.folder.lock_file)

    def work(self, retry_infra: bool = False) -> None:
        """Work until every trial is done, the user interrupts, or the run cannot go on (`problem` says why)."""
        for leftover in reap(self.engine):
            self.observer.say(f"removed {leftover.name}, left by a process that died")
        with self._ledger() as ledger:
            self._recover(ledger, retry_infra)
            Questions(self.folder.path).clear()
            rows = ledger.rows()
            self.observer.planned(rows)
            pending = [row for row in rows if row.state == "planned"]
            todo = self._todo = Schedule(pending, self._stage.trunk_key, self.study.concurrency)
            needed = dict.fromkeys(row.key.scenario for row in pending)
            with self._preparation(ledger).start(needed, self.study.concurrency) as preparing:
                workers = [
                    threading.Thread(
                        target=self._worker, args=(todo, ledger, preparing), name=f"trial-{number}", daemon=True
                    )
                    for number in range(min(self.study.most_open, len(pending)))
                ]
                self._oversee(workers)

    def _preparation(self, ledger: Ledger) -> Preparation:
        return Preparation(
            scenarios=self.scenarios,
            engine=self.engine,
            ledger=ledger,
            stop=self.stop,
            halt=self._halt,
            say=self.observer.say,
            run=self.folder.path.name,
            runtime=self.study.runtime,
        )

    def _oversee(self, workers: list[threading.Thread]) -> None:
        """Wait for the workers; on Ctrl-C, and where the run cannot go on, wind them up."""
        for worker in workers:
            worker.start()
        try:
            while any(worker.is_alive() for worker in workers):
                time.sleep(0.05)
        except KeyboardInterrupt:
            self._halt("")
            raise Interrupted("stopped by the user") from None
        finally:
            if self.stop.is_set():
                self._wind_up(workers)

    def _worker(self, todo: Schedule, ledger: Ledger, preparing: Preparation) -> None:
        while (row := todo.next(self.stop)) is not None:
            try:
                if row.key.model in self.refused:
                    continue
                await_engine(self.engine, self.stop)
                self._one(row, ledger, preparing)
            except ProviderRefused as error:
                self.refused.setdefault(row.key.model, str(error))
                ledger.release(row.position)
            except (Interrupted, CancelledError):
                with contextlib.suppress(sqlite3.Error):
                    ledger.release(row.position)
            except (OSError, sqlite3.Error) as error:
                self._halt(_disk_problem(error, self.folder.path))
            except EngineUnavailable as error:
                with contextlib.suppress(sqlite3.Error):
                    ledger.release(row.position)
                self._halt(f"the container engine went away: {error}")
            except Exception as error:
                self._halt(f"trial {row.key.name} met a fault in taskfit itself: {type(error).__name__}: {error}")
                raise
            finally:
                todo.ended(row)

    def _one(self, row: Row, ledger: Ledger, preparing: Preparation) -> None:
        """One trial from planned to done."""
        key = row.key
        attempt = ledger.start(row.position)
        self.folder.set_aside(key, attempt - 1)
        folder = self.folder.trial(key)
        folder.mkdir(parents=True, exist_ok=True)
        self.observer.phase(key, "preparing")
        if unrun := self._no_trunk(key, attempt):
            write_result(folder, unrun)
            ledger.finish(row.position, unrun.verdict)
            self.observer.finished(unrun, ledger.committed())
            return
        try:
            workspace, known = preparing.ready(key.scenario)
        except ScenarioInvalid as error:
            result = _unrun(key, attempt, "invalid_scenario", f"{error.code}: {error.problem}")
            write_result(folder, result)
        except EngineUnavailable:
            raise
        except SandboxError as error:
            result = _unrun(key, attempt, "infra_error", str(error))
            write_result(folder, result)
        else:
            try:
                setting = self._stage.setting(row, attempt, workspace, known, ledger)
            except FileProblem as error:
                result = _unrun(key, attempt, "infra_error", str(error))
                write_result(folder, result)
            else:
                result = run_trial(setting)
        ledger.finish(row.position, result.verdict)
        self.observer.finished(result, ledger.committed())

    def _no_trunk(self, key: TrialKey, attempt: int) -> TrialResult | None:
        """The result of a trial whose trunk left nothing to branch from; None where it did, or none is needed."""
        if self._stage.trunk_key(key) is None:
            return None
        trunk = self._stage.trunk_result(key)
        if trunk is None or trunk.verdict not in COUNTED:
            return _unrun(key, attempt, "infra_error", "the trial that it branches from came to no verdict")
        if trunk.submission is None:
            return _unrun(key, attempt, trunk.verdict, "nothing was submitted that could be challenged")
        return None

    def _recover(self, ledger: Ledger, retry_infra: bool) -> None:
        """Adopt what a dead process finished, release what it did not."""
        for row in ledger.rows():
            result = self.folder.result(row.key) if row.state == "running" else None
            if result is not None:
                ledger.finish(row.position, result.verdict)
            elif row.state == "running":
                ledger.release(row.position)
            elif retry_infra and row.verdict == "infra_error":
                ledger.reopen(row.position)

    def _halt(self, problem: str) -> None:
        if not self.stop.is_set():
            self.problem = problem
            self.stop.set()

    def _wind_up(self, workers: list[threading.Thread]) -> None:
        """Remove this process's containers, which ends whatever still runs in them, and wait for the workers."""
        deadline = time.monotonic() + STOP_SECONDS
        while any(worker.is_alive() for worker in workers) and time.monotonic() < deadline:
            with contextlib.suppress(SandboxError):
                remove_own(self.engine)
            time.sleep(0.1)
        with contextlib.suppress(SandboxError):
            remove_own(self.engine)

    @contextlib.contextmanager
    def _ledger(self):  # type: ignore[no-untyped-def]
        ledger = Ledger(self.folder.ledger_file)
        try:
            yield ledger
        finally:
            if not self.stop.is_set():
                ledger.close()


def study_of(folder: RunFolder) -> Study:
    """The study of a run, from its lock. Raises UserError for a damaged one."""
    return validated(folder.lock_file, folder.whole_lock().study, Study)


def reopened(folder: RunFolder, engine: Engine, observer: Observer, human: Approver | None) -> Run:
    """A run as its lock describes it. Raises UserError for a damaged lock, and where what was held constant changed."""
    lock = folder.whole_lock()
    study = study_of(folder)
    scenarios = {name: load_scenario(place) for name, place in lock.folders.items()}
    policy = load_policy(Path(study.policy) if study.policy else None)
    now = lock_of(study, policy, scenarios, engine.description)
    if changed := differing(lock.hashes, now["hashes"]):
        raise UserError(
            f"{folder.path} cannot go on: changed since it began: {', '.join(changed)}. "
            "Restore them, or start a new run; results of both would not be comparable."
        )
    return Run(study, folder, scenarios, policy, human, engine, observer)


def _unrun(key: TrialKey, attempt: int, verdict: Verdict, reason: str) -> TrialResult:
    return TrialResult(key=key, verdict=verdict, reason=reason, attempt=attempt)


def _disk_problem(error: Exception, folder: Path) -> str:
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or "full" in str(error):
        return f"the disk that holds {folder} is full; free some space"
    return f"cannot write to {folder}: {error}"
