"""Which steps of a transcript somebody wants to see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRefused, CallRejected, Decided, FaultDelivered, ToolReturned
from runner.events.conversation import Challenged
from runner.events.endings import Submitted, TrialFailed
from runner.events.grading import Graded
from runner.events.origins import Branched


def _approvals(event: AnyEvent) -> bool:
    if isinstance(event, CallProposed):
        return event.tool == "request_approval" or event.policy.ruling != "allow" or event.granted or event.unasked
    return isinstance(event, Decided | CallRefused)


def _denials(event: AnyEvent) -> bool:
    return isinstance(event, CallRefused) or (isinstance(event, Decided) and event.decision.is_denial)


def _errors(event: AnyEvent) -> bool:
    failed = isinstance(event, ToolReturned) and (event.is_error or event.timed_out)
    return failed or isinstance(event, CallRejected | TrialFailed)


SELECTIONS: Mapping[str, Callable[[AnyEvent], bool]] = {
    "approvals": _approvals,
    "denials": _denials,
    "faults": lambda event: isinstance(event, FaultDelivered),
    "challenges": lambda event: isinstance(event, Branched | Challenged | Submitted),
    "calls": lambda event: isinstance(event, CallProposed | CallRejected),
    "errors": _errors,
    "tests": lambda event: isinstance(event, Graded) or (isinstance(event, ToolReturned) and event.tool == "run_tests"),
}


def selected(events: Iterable[AnyEvent], names: Sequence[str]) -> Iterator[AnyEvent]:
    """The events of any of these selections, and what a fault, a request or a refusal was followed by; all without one.

    After a fault comes the answer that it spoiled, after a denial the next call.
    """
    follow = ""
    for event in events:
        wanted = not names or any(SELECTIONS[name](event) for name in names)
        if (
            wanted
            or (follow == "answer" and isinstance(event, ToolReturned | CallRefused))
            or (follow == "call" and isinstance(event, CallProposed))
        ):
            yield event
            follow = ""
        if wanted and isinstance(event, FaultDelivered):
            follow = "answer"
        elif wanted and _denials(event):
            follow = "call"
