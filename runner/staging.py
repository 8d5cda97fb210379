"""From a line of the ledger to all that its trial needs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

from runner.approvers import Case, approver_for
from runner.approvers.base import Approver
from runner.approvers.policy import Policy
from runner.arms import Arm, parse_fault, without_events
from runner.baseline import Baseline
from runner.branch import Trunk, trunk_of
from runner.faults.base import Fault, draw
from runner.folder import RunFolder
from runner.framings import framed
from runner.ledger import Ledger, Row
from runner.leftover import Leftovers
from runner.models import model_factory
from runner.questions import Questions
from runner.results import TrialKey, TrialResult
from runner.scenario import Scope
from runner.setting import Phase, Setting
from runner.study import Study, fault_seed, trial_seed
from runner.workspace import Workspace
from sandboxes.client import Engine


@dataclass(frozen=True)
class Stage:
    """What all trials of a run share."""

    study: Study
    folder: RunFolder
    policy: Policy
    human: Approver | None
    engine: Engine
    stop: threading.Event
    grading: threading.Semaphore
    phase: Callable[[TrialKey, str], None]
    leftovers: Leftovers | None
    aside: Callable[[], AbstractContextManager[None]]
    """Held while a trial waits for a person."""

    def trunk_key(self, key: TrialKey) -> TrialKey | None:
        """The trial that this one goes on from."""
        if self.study.arms[key.arm].feedback == "none":
            return None
        return key.model_copy(update={"arm": without_events(key.arm)})

    def trunk_result(self, key: TrialKey) -> TrialResult | None:
        trunk = self.trunk_key(key)
        return self.folder.result(trunk) if trunk is not None else None

    def setting(self, row: Row, attempt: int, workspace: Workspace, known: Baseline, ledger: Ledger) -> Setting:
        """Raises FileProblem where a trunk's or a failed trial's files are gone."""
        key, study = row.key, self.study
        arm = study.arms[key.arm]
        seed = trial_seed(study.seed, key)

        def reserve(usd: float, tokens: int) -> Callable[[float, int], None]:
            reservation = ledger.reserve(row.position, usd, study.budget.usd, tokens, study.budget.tokens)
            return partial(ledger.settle, reservation)

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
            aside=partial(self._aside, key),
            seconds=study.approval_seconds,
            reviewer=study.reviewer,
            endpoints=study.endpoints,
            reserve=reserve,
            stop=self.stop,
            folder=self.folder.trial(key),
        )
        phase: Phase = partial(self.phase, key)
        return Setting(
            key=key,
            attempt=attempt,
            seed=seed,
            folder=self.folder.trial(key),
            workspace=workspace,
            known=known,
            earlier_usd=ledger.committed(row.position),
            limits=workspace.found.scenario.limits,
            model=model_factory(key.model, study.endpoints),
            policy=self.policy,
            approver=approver_for(arm.approver or study.approver, case),
            engine=self.engine,
            reserve=reserve,
            stop=self.stop,
            phase=phase,
            grading=self.grading,
            run=self.folder.path.name,
            runtime=study.runtime,
            arm=arm,
            fault=self._fault(arm, key),
            trunk=self._trunk(key),
            left=self.leftovers.of(key.scenario, key.repeat) if arm.start == "failed" and self.leftovers else None,
            early_confidence=study.early_confidence,
        )

    @contextmanager
    def _aside(self, key: TrialKey) -> Iterator[None]:
        self.phase(key, "waiting")
        with self.aside():
            yield
        self.phase(key, "working")

    def _fault(self, arm: Arm, key: TrialKey) -> Fault | None:
        pattern = parse_fault(arm.faults)
        return draw(pattern, fault_seed(self.study.seed, key)) if pattern is not None else None

    def _trunk(self, key: TrialKey) -> Trunk | None:
        trunk = self.trunk_key(key)
        result = self.trunk_result(key)
        return trunk_of(self.folder.trial(trunk), result) if trunk is not None and result is not None else None


def in_words(scope: Scope) -> str:
    """A scope as a reviewer reads it."""
    writable, protected = (", ".join(globs) or "nothing" for globs in (scope.writable, scope.protected))
    return f"It may change: {writable}. Off limits: {protected}."
