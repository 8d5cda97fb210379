"""Runs a study: plans it into a folder, works through the ledger with threads, goes on after any interruption."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from runner.approvers.base import Approver
from runner.approvers.policy import Policy
from runner.approvers.questions import Questions
from runner.caching import cache_folder
from runner.errors import CapReached, Interrupted, UserError
from runner.replay.rebuilding import rebuild
from runner.replay.rerun import Replayer
from runner.results import TrialKey
from runner.runs.admission import Admission, check_open
from runner.runs.breaker import Breaker
from runner.runs.crew import Crew
from runner.runs.disk import Disk, engine_root
from runner.runs.folder import RunFolder
from runner.runs.held import Held
from runner.runs.hours import Hours
from runner.runs.ledger import Ledger, Row
from runner.runs.lifeline import Lifeline
from runner.runs.lock import lock_of
from runner.runs.observer import Observer
from runner.runs.preparing import Preparation
from runner.runs.purse import Purse
from runner.runs.recovery import recover, sound_ledger
from runner.runs.runlog import LOG, RunLog
from runner.runs.running import Patience, Trials
from runner.runs.schedule import Schedule
from runner.runs.staging import Stage
from runner.runs.watchman import Watchman
from runner.scenarios.catalog import ScenarioFolder
from runner.studies.study import Study
from runner.trials.leftover import Leftovers
from runner.trials.telling import limits_of
from runner.twins.back import keep_names
from runner.twins.serving import Twins, subject_name, twins_of
from sandboxes.client import Engine
from sandboxes.errors import SandboxError
from sandboxes.images import ImageStore
from sandboxes.scratch import sweep
from sandboxes.single import SingleEngine
from sandboxes.site import Change, Site

STOP_SECONDS = 15.0
"""How long an interrupted run waits for its workers."""


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
    held: Held = field(init=False)
    """What else kept trials planned: a cap or the time → how many."""
    left: str = ""
    """What the caps have left, in words."""
    patience: Patience = field(default_factory=Patience)
    renewed: bool = False
    """Whether a cap on money or tokens was given anew."""
    breaker: Breaker | None = None
    """Another one than the usual."""
    site: Site | None = None
    """Where sandboxes live; `engine` alone when left out."""
    twins: Twins = field(default_factory=Twins)
    """What stands for the scenarios in arms that have twins; made by `plan`."""
    _stage: Stage = field(init=False)
    _todo: Schedule = field(init=False)
    _trials: Trials = field(default_factory=Trials)

    def __post_init__(self) -> None:
        self.log = RunLog(self.folder.path / LOG)
        self.held = Held(self.log)
        self._arms = self.study.arms
        self._site = self.site or SingleEngine(self.engine)
        self._breaker = self.breaker or Breaker(self.log)
        self._stage = Stage(
            study=self.study,
            folder=self.folder,
            policy=self.policy,
            human=self.human,
            site=self._site,
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
        faulted = {arm.fork for arm in self._arms.values() if arm.fork and arm.faults != "none"}
        forks = rebuild(self.folder.path, self.study.forks, self.scenarios, replayer, faulted)
        say, stop = self.observer.say, self.stop
        images = ImageStore(self.engine, say)
        self.twins = twins_of(self.study.perturbation, self.scenarios, self.study.seed, images, say, stop)
        keys = self._keys()
        if len({key.name for key in keys}) != len(keys):
            raise UserError("two trials would share a folder; rename a model or a scenario")
        self.folder.forget_plan()
        with self._closing(Ledger(self.folder.ledger_file)) as ledger:
            ledger.plan(keys)
        lock = lock_of(self.study, self.policy, self.scenarios, self._site.description, forks.digests, self.twins)
        keep_names(self.folder.path, self.twins)
        self.folder.write_lock(lock)

    def _keys(self) -> list[TrialKey]:
        forked, twins = self._stage.forks.scenarios, self.twins.found
        return list(self.study.keys(self.scenarios, self._stage.leftovers or (), forked, twins))

    def work(self, retry_infra: bool = False) -> None:
        """Work until every trial is done or held, the user interrupts, or the run cannot go on (`problem` says why).

        Raises CapReached where a cap is used up before anything is begun, UserError where nothing can be written.
        """
        places = [self.folder.path, *engine_root(self.engine)]
        passing = [Path(tempfile.gettempdir()), cache_folder()]
        disk = Disk(places, self.log, self.observer.say, self._floor(), passing, self.patience.disk)
        self._site.listen(self._changed)
        disk.await_room(self.stop)
        if said := disk.refuses():
            raise UserError(said)
        for name in [*self._site.reap(), *(folder.name for folder in sweep())]:
            said = f"removed {name}, left by a process that died"
            self.observer.say(said)
            self.log.add("leftover", said)
        opened = sound_ledger(self.folder, self._keys, self.study.budget, self.renewed, self.log)
        with self._closing(opened) as ledger:
            recover(ledger, self.folder, self.study.infra_retries, retry_infra)
            Questions(self.folder.path).clear()
            rows = ledger.rows()
            pending = [row for row in rows if row.state == "planned"]
            session = ledger.begin_session()
            purse = Purse(ledger, self.study.budget)
            hours = Hours(self.study.budget, ledger.earlier_seconds(session), self._limit, ledger.durations())
            self.observer.planned(rows)
            said = f"{len(pending)} of {len(rows)} trials are to be done"
            self.log.add("started" if session == 1 else "resumed", said)
            if pending:
                self._check_open(ledger, pending, hours)
            crew = self._crew(ledger, purse, hours, disk)
            self._todo = Schedule(pending, self._stage.trunk_key, self._places)
            needed = dict.fromkeys(self._stage.subject(row.key) for row in pending)
            try:
                with self._preparation(crew).start(needed, self.study.concurrency) as preparing:
                    crew.begin(self._todo, preparing, min(self.study.most_open, len(pending)))
                    self._oversee(crew, Watchman(crew, session, self.patience.abandon))
            finally:
                self._end(crew, purse)

    def _places(self) -> int:
        """Trials that work at a time: what the study asks for, as far as the machines take it.

        One at least, which waits for a machine where none is left.
        """
        there = self._site.places
        return self.study.concurrency if there is None else max(1, min(self.study.concurrency, there))

    def _crew(self, ledger: Ledger, purse: Purse, hours: Hours, disk: Disk) -> Crew:
        return Crew(
            folder=self.folder,
            stage=self._stage,
            observer=self.observer,
            ledger=ledger,
            log=self.log,
            lifeline=Lifeline(self._site, self.log, self.observer.say),
            admission=Admission(self._breaker, purse, hours, disk, self.refused, self.held),
            trials=self._trials,
            stop=self.stop,
            halt=self._halt,
            retries=self.study.infra_retries,
        )

    def _preparation(self, crew: Crew) -> Preparation:
        twins = {
            subject_name(name, perturbation): found
            for perturbation, twins in self.twins.found.items()
            for name, found in twins.items()
        }
        return Preparation(
            scenarios={**self.scenarios, **twins},
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
        except KeyboardInterrupt as error:
            self._halt("")
            self.log.add("interrupted", f"stopped by {str(error) or 'the user'}")
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
            self.log.add("capped", f"{count} trials stay planned: {why}")
        if self.problem:
            self.log.add("halted", self.problem)
        elif not (self.held or self.refused or self.stop.is_set()):
            self.log.add("ended", "every trial is done")

    def _check_open(self, ledger: Ledger, pending: list[Row], hours: Hours) -> None:
        try:
            check_open(self.study.budget, ledger, pending, hours, self.folder.path)
        except CapReached as error:
            self.log.add("capped", f"{len(pending)} trials stay planned: {error}")
            raise

    def _limit(self, key: TrialKey) -> float:
        """Seconds that a trial may take: its scenario's, in its arm."""
        arm = self._arms[key.arm]
        limits = self.scenarios[key.scenario].scenario.limits
        return limits_of(limits, arm, revision=arm.feedback != "none").minutes * 60

    def _floor(self) -> float | None:
        return None if self.study.budget.free_gb is None else self.study.budget.free_gb * 1e9

    def _changed(self, change: Change) -> None:
        self.log.add(change.kind, change.text)
        self.observer.say(change.text)

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
                self._site.remove()
            time.sleep(0.1)
        with contextlib.suppress(SandboxError):
            self._site.remove()

    @contextlib.contextmanager
    def _closing(self, ledger: Ledger) -> Iterator[Ledger]:
        try:
            yield ledger
        finally:
            if not self.stop.is_set():
                ledger.close()


def begun(study: Study) -> Study:
    """The study with its last hour as a moment. Raises UserError for one that has passed."""
    return study.model_copy(update={"budget": study.budget.begun(datetime.now().astimezone())})
