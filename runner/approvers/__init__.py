"""Approvers by name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.approvers.base import Approver
from runner.approvers.chained import Chained
from runner.approvers.policy import Policy, PolicyApprover
from runner.approvers.questions import Questions
from runner.approvers.queued import Aside, Queued, QueueSettings, SettingAside
from runner.approvers.reviewer import Reserve, Reviewer, ReviewerSettings
from runner.approvers.scripted import ByLabel, DenyOnce, Permissive, Silent
from runner.approvers.timed import Timed
from runner.errors import ModelFault, UnknownName
from runner.models import model_factory
from runner.models.base import Opening
from runner.models.provider.endpoints import Endpoint
from runner.results import TrialKey

NAMES = {
    "policy": "nobody is there: the policy's `unattended` answer",
    "human": "a person at the terminal; where there is none, the same as queue",
    "queue": "a person who answers with `taskfit approvals RUN`, from anywhere, until the time is up",
    "by_label": "scripted: what the scenario says a good approver answers",
    "permissive": "scripted: approves everything",
    "deny_once": "scripted: denies a trial's first request, approves the others",
    "silent": "scripted: never answers, until the time limit",
    "reviewer:MODEL": "another model, which answers with JSON",
    "A>B": "A; where A gives no answer, B",
}
PEOPLE = ("human", "queue")
"""Those for whom a trial may wait for hours."""


@dataclass(frozen=True)
class Case:
    """One trial, as its approver may know it."""

    policy: Policy
    scenario: str
    instruction: str
    scope: str
    """In words."""
    seed: int
    human: Approver | None
    """Shared by all trials: one person, one terminal; None where there is no terminal."""
    questions: Questions
    trial: TrialKey
    queue: QueueSettings
    aside: Aside
    """Held while the trial waits for a person."""
    seconds: float
    """How long an approver that is no person may take."""
    reviewer: ReviewerSettings
    endpoints: Mapping[str, Endpoint]
    reserve: Reserve
    stop: threading.Event
    folder: Path
    """Where a reviewer's exchanges are kept."""


def check_approver(name: str, endpoints: Mapping[str, Endpoint]) -> None:
    """Raises UserError for a name that leads nowhere."""
    for part in name.split(">"):
        kind, _, model = part.partition(":")
        if kind == "reviewer" and model:
            model_factory(model, endpoints)
        elif part not in NAMES or part in ("reviewer:MODEL", "A>B"):
            raise UnknownName("approver", part, NAMES)


def asks_people(name: str) -> bool:
    """Whether an approver's answer may take a person's time."""
    return any(part in PEOPLE for part in name.split(">"))


def approver_for(name: str, case: Case) -> Approver:
    """One trial's approver. Raises UnknownName."""
    parts = [_one(part, case) for part in name.split(">")]
    return parts[0] if len(parts) == 1 else Chained(parts)


def _one(name: str, case: Case) -> Approver:
    simple: dict[str, Callable[[], Approver]] = {
        "policy": lambda: PolicyApprover(case.policy),
        "human": lambda: SettingAside(case.human, case.aside) if case.human is not None else _queued(case),
        "queue": lambda: _queued(case),
        "by_label": ByLabel,
        "permissive": Permissive,
        "deny_once": DenyOnce,
        "silent": lambda: Timed(Silent(case.stop), case.seconds),
    }
    if name in simple:
        return simple[name]()
    kind, _, model = name.partition(":")
    if kind != "reviewer" or not model:
        raise UnknownName("approver", name, NAMES)
    return Timed(_reviewer(name, model, case), case.seconds)


def _queued(case: Case) -> Queued:
    return Queued(case.questions, case.trial, case.queue, case.stop, case.aside)


def _reviewer(name: str, model: str, case: Case) -> Reviewer:
    def reference() -> dict[str, bytes | None]:
        raise ModelFault("no reviewer is told the reference fix")

    opening = Opening(case.scenario, case.seed, reference, case.stop, case.folder / "reviewer")
    made = model_factory(model, case.endpoints)(opening)
    return Reviewer(name, made, case.instruction, case.scope, case.reviewer, case.reserve)
