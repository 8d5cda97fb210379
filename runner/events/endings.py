"""How the work stops and how the trial ends."""

from __future__ import annotations

from typing import Literal

from runner.events.base import Event
from runner.results import FailureKind, Submission, Times, Verdict


class Submitted(Event):
    type: Literal["submitted"] = "submitted"
    submission: Submission


class LimitReached(Event):
    type: Literal["limit_reached"] = "limit_reached"
    limit: Literal["turns", "minutes", "usd", "budget", "format_errors", "terminated", "context"]
    detail: str


class TrialFailed(Event):
    """The harness, the engine or a provider failed; not the model."""

    type: Literal["trial_failed"] = "trial_failed"
    error: str
    where: str
    kind: FailureKind = "harness"


class TrialFinished(Event):
    type: Literal["trial_finished"] = "trial_finished"
    verdict: Verdict
    reason: str = ""
    times: Times | None = None
    earlier_usd: float = 0.0
    """Spent by attempts before this one."""
