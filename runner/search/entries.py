"""What the index holds of one step: its place in the file, what fields say of it, and its words."""

from __future__ import annotations

from typing import NamedTuple

from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRefused, CallRejected, Decided, FaultDelivered, ToolReturned
from runner.events.endings import TrialFailed
from runner.events.grading import Graded
from runner.report.steps import parts

LONGEST = 200_000
"""Characters of one step that are indexed: three quarters from its beginning, the rest from its end."""


class Entry(NamedTuple):
    """Several errors or effects stand between commas, one before the first and one behind the last."""

    type: str
    tool: str
    errors: str
    effects: str
    words: str


def entry(event: AnyEvent) -> Entry:
    return Entry(event.type, _tool(event), _listed(_errors(event)), _listed(_effects(event)), words(event))


def words(event: AnyEvent) -> str:
    """A step as it is read, and what only the whole of it shows."""
    title, _, body = parts(event)
    text = f"{title}\n{body}"
    match event:
        case Graded():
            more = [event.detail, *(f"{node}\n{said}" for node, said in event.failures.items())]
            text = "\n".join([text, *(each for each in more if each)])
        case Decided():
            asked = (event.request.reason, event.request.alternative, event.request.action.preview)
            text = "\n".join([text, *(each for each in asked if each and each != body)])
        case CallRejected():
            text = f"{text}\n{event.arguments}"
        case _:
            pass
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST * 3 // 4]}\n…\n{text[-LONGEST // 4 :]}"


def _tool(event: AnyEvent) -> str:
    if isinstance(event, CallProposed | CallRejected | CallRefused | ToolReturned | FaultDelivered):
        return event.tool
    return event.request.action.tool if isinstance(event, Decided) else ""


def _errors(event: AnyEvent) -> list[str]:
    match event:
        case CallRejected() | CallRefused():
            return [event.reason]
        case TrialFailed():
            return [event.kind]
        case ToolReturned():
            exited = event.exit_code is not None and event.exit_code != 0
            found = {"tool": event.is_error, "timeout": event.timed_out, "exit": exited}
            return [kind for kind, holds in found.items() if holds]
        case _:
            return []


def _effects(event: AnyEvent) -> list[str]:
    match event:
        case CallProposed():
            asked = event.asks_for.effects if event.asks_for is not None else ()
            return sorted({*event.effects, *asked})
        case Decided():
            return sorted(event.request.action.effects)
        case _:
            return []


def _listed(names: list[str]) -> str:
    return f",{','.join(names)}," if names else ""
