"""The calls of a transcript, each with what became of it: what a replay makes again, and what it does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from runner.effects import Effect
from runner.events import AnyEvent
from runner.events.calls import (
    OF_A_TURN,
    CallProposed,
    CallRefused,
    CallRejected,
    Decided,
    FaultDelivered,
    ToolReturned,
)
from runner.events.conversation import Replied

Fate = Literal["made", "asked", "refused", "rejected", "open"]
"""`made`: it ran; `asked`: a request for approval, which runs nothing; `refused`: forbidden or denied; `rejected`: it
never was a call; `open`: the transcript ends, or the trial was ended, before its answer."""


@dataclass
class RecordedCall:
    """One call, in the order in which the calls were answered."""

    step: int
    """Of its proposal or rejection."""
    turn: int
    """From 1, as in the transcript."""
    call_id: str
    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)
    """Those that it was made with: an approver may have changed them."""
    effects: frozenset[Effect] = frozenset()
    targets: tuple[str, ...] = ()
    fate: Fate = "open"
    answered: int = -1
    """Step of its answer."""
    returned: ToolReturned | None = None
    receipts: tuple[FaultDelivered, ...] = ()
    """Faults that struck it."""
    at: str = ""
    """When it was answered: UTC, ISO 8601."""


def calls_of(events: Iterable[AnyEvent]) -> list[RecordedCall]:
    """Every call. An answer belongs to the first call of its turn that has its id and no answer yet."""
    found: list[RecordedCall] = []
    waiting: list[RecordedCall] = []
    turn = 0
    for event in events:
        match event:
            case Replied():
                turn, waiting = event.turn, []
            case CallProposed():
                waiting.append(_proposed(event, turn))
                found.append(waiting[-1])
            case CallRejected() if event.reason not in OF_A_TURN:
                found.append(RecordedCall(event.step, turn, event.call_id, event.tool, fate="rejected"))
                found[-1].answered, found[-1].at = event.step, event.at
            case Decided() if (call := _first(waiting, event.call_id)) is not None:
                if event.decision.outcome == "modify" and call.tool != "request_approval":
                    call.arguments = event.decision.arguments or call.arguments
            case FaultDelivered() if waiting:
                waiting[-1].receipts += (event,)
            case CallRefused() if (call := _first(waiting, event.call_id)) is not None:
                waiting.remove(call)
                call.fate, call.answered, call.at = "refused", event.step, event.at
            case ToolReturned() if (call := _first(waiting, event.call_id)) is not None:
                waiting.remove(call)
                call.fate = "asked" if call.tool == "request_approval" else "made"
                call.answered, call.returned, call.at = event.step, event, event.at
            case _:
                pass
    return found


def _proposed(event: CallProposed, turn: int) -> RecordedCall:
    return RecordedCall(
        step=event.step,
        turn=turn,
        call_id=event.call_id,
        tool=event.tool,
        arguments=event.arguments,
        effects=frozenset(event.effects),
        targets=event.targets,
    )


def _first(waiting: list[RecordedCall], call_id: str) -> RecordedCall | None:
    return next((call for call in waiting if call.call_id == call_id), None)
