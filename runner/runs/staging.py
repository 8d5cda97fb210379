"""From a line of the ledger to all that its trial needs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial

from runner.approvers import Case, approver_for
from runner.approvers.base import Approver
from runner.approvers.policy import Policy
from runner.approvers.questions import Questions
from runner.arms import Arm, parse_fault, without_events
from runner.errors import Interrupted
from runner.faults.base import Fault, draw, fault_seed
from runner.grading.baseline import Baseline
from runner.models import model_factory
from runner.models.provider.cut_offs import cut_off_of
from runner.replay.forks import Forks
from runner.replay.lasting import left_of
from runner.results import TrialKey, TrialResult
from runner.runs.folder import RunFolder
from runner.runs.purse import Purse
from runner.runs.running import Patience, Running
from runner.scenarios.framings import framed
from runner.scenarios.scenario import Scope
from runner.scenarios.workspace import Workspace
from runner.studies.study import Study, trial_seed
from runner.transcript import read
from runner.trials.branch import Trunk, trunk_of
from runner.trials.leftover import Leftovers
from runner.trials.setting import Heard, Setting
from runner.trials.telling import limits_of
from runner.twins.serving import subject_name
from sandboxes.site import Site


@dataclass(frozen=True)
class Stage:
    """What all trials of a run share."""

    study: Study
    folder: RunFolder
    policy: Policy
    human: Approver | None
    site: Site
    phase: Callable[[TrialKey, str], None]
    leftovers: Leftovers | None
    patience: Patience
    aside: Callable[[threading.Event], AbstractContextManager[None]]
    """Held while a trial waits for a person; the event ends the wait for its place."""

    @cached_property
    def forks(self) -> Forks:
        """What the run's forks go on from. Raises FileProblem."""
        return Forks(self.folder.path, self.study.forks)

    def subject(self, key: TrialKey) -> str:
        """What a trial runs on: its scenario, or a twin of it (`runner.twins.serving.subject_name`)."""
        return subject_name(key.scenario, self.study.arms[key.arm].perturbation)

    def trunk_key(self, key: TrialKey) -> TrialKey | None:
        """The trial that this one goes on from."""
        if self.study.arms[key.arm].feedback == "none":
            return None
        return key.model_copy(update={"arm": without_events(key.arm)})

    def trunk_result(self, key: TrialKey) -> TrialResult | None:
        trunk = self.trunk_key(key)
        return self.folder.result(trunk) if trunk is not None else None

    def setting(self, running: Running, workspace: Workspace, known: Baseline, purse: Purse, heard: Heard) -> Setting:
        """Raises FileProblem where a trunk's or a failed trial's files are gone."""
        row, study = running.row, self.study
        key = row.key
        arm = study.arms[key.arm]
        seed = trial_seed(study.seed, key)
        reserve = purse.reserve_for(row, running.stop)
        limits = workspace.found.scenario.limits
        running.allowed = self.patience.of(
            limits_of(limits, arm, revision=arm.feedback != "none"), study.approval_seconds
        )
        case = Case(
            policy=self.policy,
            scenario=key.scenario,
            instruction=framed(workspace.found, arm.framing),
            scope=in_words(workspace.found.scenario.scope),
            seed=seed,
            human=self.human,
            questions=Questions(self.folder.path),
            trial=key,
            queue=study.queue,
            aside=partial(self._aside, running),
            seconds=study.approval_seconds,
            reviewer=study.reviewer,
            endpoints=study.endpoints,
            reserve=reserve,
            stop=running.stop,
            folder=self.folder.trial(key),
        )

        return Setting(
            key=key,
            attempt=running.attempt,
            seed=seed,
            folder=self.folder.trial(key),
            workspace=workspace,
            known=known,
            earlier_usd=purse.ledger.committed(row.position),
            limits=limits,
            model=model_factory(key.model, study.endpoints),
            policy=self.policy,
            approver=approver_for(arm.approver or study.approver, case),
            site=self.site,
            reserve=reserve,
            stop=running.stop,
            phase=partial(self._enters, running),
            heard=heard,
            people=lambda: running.people,
            run=self.folder.path.name,
            runtime=study.runtime,
            arm=arm,
            fault=self._fault(arm, key),
            cut_off=cut_off_of(key.model, study.endpoints),
            trunk=self._trunk(key),
            left=self.leftovers.of(key.scenario, key.repeat) if arm.start == "failed" and self.leftovers else None,
            fork=self.forks.of(arm.fork, key.scenario, key.repeat) if arm.fork else None,
            early_confidence=study.early_confidence,
        )

    def _enters(self, running: Running, phase: str) -> None:
        running.entered(phase)
        self.phase(running.row.key, phase)

    @contextmanager
    def _aside(self, running: Running) -> Iterator[None]:
        """However long a person takes, and then a place: it is no sign that the trial hangs."""
        if running.stop.is_set():
            raise Interrupted("stopped before a person was asked")
        self._enters(running, "waiting")
        began = time.monotonic()
        try:
            with self.aside(running.stop):
                yield
        finally:
            running.people += time.monotonic() - began
            self._enters(running, "working")

    def _fault(self, arm: Arm, key: TrialKey) -> Fault | None:
        """The arm's own, or what a fork goes on with."""
        pattern = parse_fault(arm.faults)
        if pattern is not None:
            return draw(pattern, fault_seed(self.study.seed, key))
        if not arm.fork:
            return None
        fault = self.forks.of(arm.fork, key.scenario, key.repeat).kept.fault
        trunk = self.trunk_key(key)
        if fault is None or trunk is None:
            return fault
        return left_of(fault, list(read(self.folder.trial(trunk) / "events.jsonl")))

    def _trunk(self, key: TrialKey) -> Trunk | None:
        trunk = self.trunk_key(key)
        result = self.trunk_result(key)
        if trunk is None or result is None:
            return None
        found = trunk_of(self.folder.trial(trunk), result)
        if not (name := self.study.arms[trunk.arm].fork):
            return found
        said = self.forks.of(name, key.scenario, key.repeat).conversation(key.model)
        return replace(found, conversation=[*said, *found.conversation])


def in_words(scope: Scope) -> str:
    """A scope as a reviewer reads it."""
    writable, protected = (", ".join(globs) or "nothing" for globs in (scope.writable, scope.protected))
    return f"It may change: {writable}. Off limits: {protected}."
