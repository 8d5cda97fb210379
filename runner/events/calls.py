"""What becomes of a call: rejected, proposed, refused, decided on, spoiled on purpose, answered."""

from __future__ import annotations

from typing import Any, Literal

from runner.approvals import Action, Decision, Request, Standing
from runner.approvals import Verdict as PolicyVerdict
from runner.arms import FaultKind, Persistence, Visibility
from runner.effects import Effect
from runner.events.base import Event

OF_A_TURN = ("no_call", "too_many", "cut")
"""Reasons of a rejection that speak of a turn, not of a call."""


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
    unasked: bool = False
    """The policy would have asked; the model had to, and did not. The call was made all the same."""
    standing: Standing | None = None
    """Of the call, or of the one that `request_approval` asks for."""
    asks_for: Action | None = None
    """What `request_approval` is about."""


class CallRefused(Event):
    """A call was not made; the message is what the model was told."""

    type: Literal["call_refused"] = "call_refused"
    call_id: str
    tool: str
    reason: Literal["forbidden", "denied", "arguments"]
    message: str


class Decided(Event):
    """An approver answered; `seconds` is how long everybody waited for it."""

    type: Literal["decided"] = "decided"
    call_id: str
    request: Request
    decision: Decision
    action_digest: str
    became: Action | None = None
    """The call with the approver's arguments; None where it changed none, or they fit nothing."""


class FaultDelivered(Event):
    """A receipt: a fault that was injected on purpose took effect, in the call whose answer follows."""

    type: Literal["fault_delivered"] = "fault_delivered"
    fault: FaultKind
    visibility: Visibility
    persistence: Persistence
    tool: str
    nth: int
    """Which call of this tool, from 1."""


class ToolReturned(Event):
    type: Literal["tool_returned"] = "tool_returned"
    call_id: str
    tool: str
    text: str
    is_error: bool = False
    timed_out: bool = False
    exit_code: int | None = None
    """Of a command or a test run."""
    elided_bytes: int = 0

    @property
    def exited(self) -> int | None:
        """The exit code, also of transcripts in which only the text says it."""
        if self.exit_code is not None or self.tool not in ("run_command", "run_tests"):
            return self.exit_code
        if not self.text.startswith("exit code "):
            return None
        word = self.text[len("exit code ") :].split("\n", 1)[0]
        return int(word) if word.isascii() and word.isdecimal() and len(word) < 10 else None
