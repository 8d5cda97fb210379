"""All that one trial needs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from runner.approvers.base import Approver
from runner.approvers.policy import Policy
from runner.arms import Arm
from runner.events import AnyEvent
from runner.faults.base import Fault
from runner.grading.acceptance import Changes
from runner.grading.baseline import Baseline
from runner.models.base import ModelFactory
from runner.replay.forks import ForkPoint
from runner.results import TrialKey
from runner.scenarios.scenario import Limits
from runner.scenarios.workspace import Workspace
from runner.trials.agent import Reserve
from runner.trials.branch import Trunk
from sandboxes.site import Site

Phase = Callable[[str], None]
"""Told what the trial is doing, in a word."""


Heard = Callable[[AnyEvent], None]
"""Told of each event as it is written."""


def nobody(event: AnyEvent) -> None:
    """Listens to no event."""


@dataclass(frozen=True)
class LeftBehind:
    """The workspace that a failed trial of an earlier run left."""

    trial: TrialKey
    changes: Changes


@dataclass(frozen=True)
class Setting:
    """All that one trial needs; nothing in it changes while the trial runs."""

    key: TrialKey
    attempt: int
    seed: int
    folder: Path
    workspace: Workspace
    known: Baseline
    earlier_usd: float
    limits: Limits
    model: ModelFactory
    policy: Policy
    approver: Approver
    site: Site
    reserve: Reserve
    stop: threading.Event
    """Set when this trial is to stop, alone or with the run."""
    phase: Phase
    heard: Heard = nobody
    people: Callable[[], float] = lambda: 0.0
    """Seconds that the trial has waited for people so far."""
    run: str = ""
    runtime: str | None = None
    arm: Arm = field(default_factory=Arm)
    fault: Fault | None = None
    """What goes wrong on purpose."""
    trunk: Trunk | None = None
    """Where the trial goes on from; None for one that starts at the beginning."""
    left: LeftBehind | None = None
    """Whose failed work the trial starts in."""
    fork: ForkPoint | None = None
    """Where in a recorded trial it goes on."""
    cut_off: date | None = None
    """Of the model's training data, where it is known."""
    early_confidence: bool = False
    """Whether models are asked for their confidence before their first edit."""
