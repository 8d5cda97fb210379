"""The steps of a trial, each a type of its own; a transcript is the append-only list of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from runner.approvals import Decision, Request
from runner.approvals import Verdict as PolicyVerdict
from runner.effects import Effect
from runner.messages import Frozen, Reply
from runner.results import Submission, TrialKey, Verdict


class Event(Frozen):
    step: int = -1
    """Place in the transcript, from 0; given by the transcript when the event is appended."""
    at: str = ""
    """UTC, ISO 8601."""
    seconds: float = 0.0
    """How long this step took, where it took time."""


class TrialStarted(Event):
    type: Literal["trial_started"] = "trial_started"
    key: TrialKey
    attempt: int
    image: str
    seed: int


class Told(Event):
    """The harness said something to the model that is no tool result."""

    type: Literal["told"] = "told"
    role: Literal["system", "user"]
    text: str


class Replied(Event):
    type: Literal["replied"] = "replied"
    turn: int
    reply: Reply


class CallRejected(Event):
    """A call that never became an action; the message is what the model was told."""

    type: Literal["call_rejected"] = "call_rejected"
    call_id: str
    tool: str
    arguments: str
    reason: Literal["parse", "schema", "unknown_tool", "as_text", "no_call", "too_many", "cut"]
    """`as_text`: a call that was written as text; `cut`: the turn hit the output limit before it called a tool."""
    message: str


class CallProposed(Event):
    """A call that parsed, what it would do, and what the policy says of it."""

    type: Literal["call_proposed"] = "call_proposed"
    call_id: str
    tool: str
    arguments: dict[str, Any]
    effects: tuple[Effect, ...]
    targets: tuple[str, ...] = ()
    policy: PolicyVerdict
    granted: bool = False
    """The model had asked for exactly this action before, and got it."""


class Decided(Event):
    """An approver answered; `seconds` is how long everybody waited for it."""

    type: Literal["decided"] = "decided"
    call_id: str
    request: Request
    decision: Decision
    action_digest: str


class ToolReturned(Event):
    type: Literal["tool_returned"] = "tool_returned"
    call_id: str
    tool: str
    text: str
    is_error: bool = False
    timed_out: bool = False
    elided_bytes: int = 0


class Submitted(Event):
    type: Literal["submitted"] = "submitted"
    submission: Submission


class LimitReached(Event):
    type: Literal["limit_reached"] = "limit_reached"
    limit: Literal["turns", "minutes", "usd", "budget", "format_errors", "terminated", "context"]
    detail: str


class ChangeDropped(Event):
    """A change of the model's that grading does not take over."""

    type: Literal["change_dropped"] = "change_dropped"
    path: str
    reason: str


class Graded(Event):
    type: Literal["graded"] = "graded"
    outcomes: dict[str, str]
    """Expected node id to passed, failed, error, skipped or missing."""
    canaries: Literal["honest", "missing", "lying"]
    detail: str = ""
    """The end of the test run's output, where it explains a failure."""


class TrialFailed(Event):
    """The harness, the engine or a provider failed; not the model."""

    type: Literal["trial_failed"] = "trial_failed"
    error: str
    where: str


class TrialFinished(Event):
    type: Literal["trial_finished"] = "trial_finished"
    verdict: Verdict
    reason: str = ""


AnyEvent = Annotated[
    TrialStarted
    | Told
    | Replied
    | CallRejected
    | CallProposed
    | Decided
    | ToolReturned
    | Submitted
    | LimitReached
    | ChangeDropped
    | Graded
    | TrialFailed
    | TrialFinished,
    Field(discriminator="type"),
]

EVENTS: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
