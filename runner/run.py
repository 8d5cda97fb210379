"""Runs a study: plans it into a folder, works through the ledger with threads, goes on after any interruption."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from runner.approvers.base import Approver
from runner.approvers.policy import Policy, load_policy
from runner.breaker import Breaker
from runner.budget import Budget, Cap
from runner.catalog import ScenarioFolder, load_scenario, validated
from runner.crew import Crew, Observer
from runner.disk import Disk
from runner.errors import CapReached, Interrupted, UserError
from runner.folder import RunFolder
from runner.hours import Hours
from runner.ledger import Ledger, Row
from runner.leftover import Leftovers
from runner.lifeline import Lifeline
from runner.lock import differing, lock_of
from runner.preparing import Preparation
from runner.purse import Purse
from runner.questions import Questions
from runner.replay.forks import Forks, rebuild
from runner.replay.rerun import Replayer
from runner.runlog import LOG, RunLog
from runner.running import Patience, Trials
from runner.schedule import Schedule
from runner.staging import Stage
from runner.study import Study
from runner.watchman import Watchman
from sandboxes.client import Engine
from sandboxes.errors import SandboxError
from sandboxes.reaper import reap, remove_own
from sandboxes.scratch import sweep

STOP_SECONDS = 15.0
"""How long an interrupted run waits for its workers."""

Caps = Mapping[str, float | int | str]
"""Names of a budget's fields, and what they are to be."""


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
    held: Counter[str] = field(default_factory=Counter)
    """What else kept trials planned: a cap or the time → how many."""
    left: str = ""
    """What the caps have left, in words."""
    patience: Patience = field(default_factory=Patience)
    breaker: Breaker | None = None
    """Another one than the usual."""
    _stage: Stage = field(init=False)
    _todo: Schedule = field(init=False)
    _trials: Trials = field(default_factory=Trials)

    def __post_init__(self) -> None:
        self._log = RunLog(self.folder.path / LOG)
        self._breaker = self.breaker or Breaker(self._log)
        self._stage = Stage(
            study=self.study,
            folder=self.folder,
            policy=self.policy,
            human=self.human,
            engine=self.engine,
            grading=threading.Semaphore(max(2, os.cpu_count() or 2)),
            phase=self.observer.phase,
            leftovers=Leftovers(Path(self.study.failed_run)) if self.study.failed_run else None,
            patience=self.patience,
            aside=lambda stop: self._todo.set_aside(stop),
        )

    def plan(self) -> None:
        """Write lock and ledger of a new run. Raises UserError when the folder holds a run already."""
        if self.folder.lock_file.exists():
            raise UserError(
                f"{self.folder.path} holds a run already; `taskfit resume {self.folder.path}` goes on with it"
            )
        self.study.budget.check_names(self.study.models, self.scenarios)
        self.study = begun(self.study)
        replayer = Replayer(self.engine, self.observer.say, self.stop)
        forks = rebuild(self.folder.path, self.study.forks, self.scenarios, replayer)
        keys = self.study.keys(self.scenarios, self._stage.leftovers or (), forks.scenarios)
        if len({key.name for key in keys}) != len(keys):
            raise UserError("two trials would share a folder; rename a model or a scenario")
        self.folder.forget_plan()
        with self._ledger() as ledger:
            ledger.plan(keys)
        self.folder.write_lock(lock_of(self.study, self.policy, self.scenarios, self.engine.description, forks.digests))

    def work(self, retry_infra: bool = False) -> None:
        """Work until every trial is done or held, the user interrupts, or the run cannot go on (`problem` says why).

        Raises CapReached where a cap is used up before anything is begun.
        """
        disk = Disk([self.folder.path, *data_root(self.engine)], self._log, self.observer.say, self._floor())
        disk.await_room(self.stop)
        for name in [*(each.name for each in reap(self.engine)), *(folder.name for folder in sweep())]:
            said = f"removed {name}, left by a process that died"
            self.observer.say(said)
            self._log.add("leftover", said)
        with self._ledger() as ledger:
            self._recover(ledger, retry_infra)
            Questions(self.folder.path).clear()
            rows = ledger.rows()
            pending = [row for row in rows if row.state == "planned"]
            session = ledger.begin_session()
            purse = Purse(ledger, self.study.budget)
            hours = Hours(self.study.budget, ledger.earlier_seconds(session), ledger.durations())
            self.observer.planned(rows)
            if pending:
                self._check_caps(ledger, pending, hours)
            self._log.add(
                "started" if session == 1 else "resumed", f"{len(pending)} of {len(rows)} trials are to be done"
            )
            crew = self._crew(ledger, purse, hours, disk)
            self._todo = Schedule(pending, self._stage.trunk_key, self.study.concurrency)
            needed = dict.fromkeys(row.key.scenario for row in pending)
            try:
                with self._preparation(crew).start(needed, self.study.concurrency) as preparing:
                    crew.begin(self._todo, preparing, min(self.study.most_open, len(pending)))
                    self._oversee(crew, Watchman(crew, session, self.patience.abandon))
            finally:
                self._end(crew, purse)

    def _crew(self, ledger: Ledger, purse: Purse, hours: Hours, disk: Disk) -> Crew:
        return Crew(
            folder=self.folder,
            scenarios=self.scenarios,
            stage=self._stage,
            observer=self.observer,
            ledger=ledger,
            log=self._log,
            lifeline=Lifeline(self.engine, self._log, self.observer.say),
            purse=purse,
            hours=hours,
            disk=disk,
            breaker=self._breaker,
            trials=self._trials,
            stop=self.stop,
            halt=self._halt,
            retries=self.study.infra_retries,
            refused=self.refused,
            held=self.held,
        )

    def _preparation(self, crew: Crew) -> Preparation:
        return Preparation(
            scenarios=self.scenarios,
            lifeline=crew.lifeline,
            ledger=crew.ledger,
            stop=self.stop,
            halt=self._halt,
            say=self.observer.say,
            run=self.folder.path.name,
            runtime=self.study.runtime,
        )

    def _oversee(self, crew: Crew, watchman: Watchman) -> None:
        """Wait for the workers; on Ctrl-C, where the run cannot go on and when its time is over, wind them up."""
        try:
            while any(worker.is_alive() for worker in crew.workers):
                time.sleep(0.05)
                if not watchman.look():
                    self._halt("")
                    break
        except KeyboardInterrupt:
            self._halt("")
            self._log.add("interrupted", "stopped by the user")
            raise Interrupted("stopped by the user") from None
        finally:
            if self.stop.is_set():
                self._wind_up(crew.workers)
            watchman.note(now=True)

    def _end(self, crew: Crew, purse: Purse) -> None:
        """Say what held trials back."""
        with contextlib.suppress(Exception):
            self.left = purse.left()
        for why, count in self.held.items():
            self._log.add("capped", f"{count} trials stay planned: {why}")
        if self.problem:
            self._log.add("halted", self.problem)
        elif not self.held and not self.stop.is_set():
            self._log.add("ended", "every trial is done")

    def _check_caps(self, ledger: Ledger, pending: list[Row], hours: Hours) -> None:
        """Raises CapReached where nothing can be begun since a cap of the run is used up."""
        budget = self.study.budget
        again = f"give more: taskfit resume {self.folder.path}"
        if hours.left() <= 0:
            flag = "--until" if "until" in hours.why() else "--max-minutes"
            raise CapReached(f"the run's time is used up ({hours.why()}); {again} {flag} …")
        paying = {row.key.model for row in pending} <= ledger.paying()
        if paying and budget.usd is not None and ledger.committed() >= budget.usd:
            raise CapReached(f"the run's {budget.usd:.2f} USD are used up; {again} --budget …")
        if budget.tokens is not None and ledger.committed_tokens() >= budget.tokens > 0:
            raise CapReached(f"the run's {budget.tokens} tokens are used up; {again} --tokens …")
        begun_before = any(row.attempts for row in pending)
        run = Cap("the run", budget)
        if budget.trials is not None and not begun_before and ledger.begun(run) >= budget.trials:
            raise CapReached(f"the run's {budget.trials} trials are used up; {again} --max-trials …")

    def _floor(self) -> float | None:
        return None if self.study.budget.free_gb is None else self.study.budget.free_gb * 1e9

    def _recover(self, ledger: Ledger, retry_infra: bool) -> None:
        """Adopt what a dead process finished, release what it did not."""
        for row in ledger.rows():
            result = self.folder.result(row.key) if row.state == "running" else None
            if result is not None and result.verdict == "infra_error" and row.failures < self.study.infra_retries:
                ledger.fail(row.position)
            elif result is not None:
                ledger.finish(row.position, result.verdict, seconds=result.times.busy)
            elif row.state == "running":
                ledger.release(row.position)
            elif retry_infra and row.verdict == "infra_error":
                ledger.reopen(row.position)

    def _halt(self, problem: str) -> None:
        if not self.stop.is_set():
            self.problem = problem
            self.stop.set()
            self._trials.stop_all()

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
    def _ledger(self) -> Iterator[Ledger]:
        ledger = Ledger(self.folder.ledger_file)
        try:
            yield ledger
        finally:
            if not self.stop.is_set():
                ledger.close()


def study_of(folder: RunFolder, caps: Caps | None = None) -> Study:
    """The study of a run, from its lock, with other caps where `caps` has some.

    Raises UserError for a damaged lock, and for caps that cannot be.
    """
    study = validated(folder.lock_file, folder.whole_lock().study, Study)
    if caps:
        budget = validated(folder.lock_file, study.budget.model_dump() | dict(caps), Budget)
        study = study.model_copy(update={"budget": budget})
    return begun(study) if caps and "until" in caps else study


def reopened(
    folder: RunFolder, engine: Engine, observer: Observer, human: Approver | None, caps: Caps | None = None
) -> Run:
    """A run as its lock describes it, with other caps where `caps` has some; they are kept in the lock.

    Raises UserError for a damaged lock, for caps that cannot be, and where what was held constant changed.
    """
    lock = folder.whole_lock()
    study = study_of(folder, caps)
    scenarios = {name: load_scenario(place) for name, place in lock.folders.items()}
    policy = load_policy(Path(study.policy) if study.policy else None)
    now = lock_of(study, policy, scenarios, engine.description, Forks(folder.path, study.forks).digests)
    if changed := differing(lock.hashes, now["hashes"]):
        raise UserError(
            f"{folder.path} cannot go on: changed since it began: {', '.join(changed)}. "
            "Restore them, or start a new run; results of both would not be comparable."
        )
    if caps:
        whole = folder.lock()
        whole["study"]["budget"] = study.budget.model_dump(mode="json")
        folder.write_lock(whole)
    return Run(study, folder, scenarios, policy, human, engine, observer)


def begun(study: Study) -> Study:
    """The study with its last hour as a moment. Raises UserError for one that has passed."""
    return study.model_copy(update={"budget": study.budget.begun(datetime.now().astimezone())})


def data_root(engine: Engine) -> list[Path]:
    """Where an engine on this machine keeps its data; nothing for one elsewhere."""
    if not engine.endpoint.startswith("unix:"):
        return []
    with contextlib.suppress(Exception):
        root = Path(engine.api.info().get("DockerRootDir") or "")
        return [root] if root.is_absolute() and root.is_dir() else []
    return []
