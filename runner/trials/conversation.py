"""A conversation, put together again from a transcript: what was said and answered, up to the first submission."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from runner.events import AnyEvent
from runner.events.calls import CallRefused, CallRejected, ToolReturned
from runner.events.conversation import Replied, Told
from runner.events.endings import Submitted
from runner.messages import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage

OF_A_CALL = ("parse", "schema", "unknown_tool")
"""Reasons of a rejection that speak of a call, which may have an empty id, and not of a turn."""
AFTER = "not made: the work was submitted before it"


def until_submission(events: Iterable[AnyEvent]) -> list[Message]:
    """The messages in order, each call with its answer; the submission's own answer is the last but for later calls."""
    said: list[Message] = []
    answers: defaultdict[str, list[ToolMessage]] = defaultdict(list)
    """By call id, which a careless model may give to two calls of a turn."""
    turn: AssistantMessage | None = None
    asides: list[Message] = []

    def close() -> None:
        """The answers of the turn at hand, in the order of its calls, then what was said about it as a whole."""
        if turn is not None:
            said.extend(_answered(turn, answers))
        said.extend(asides)
        answers.clear()
        asides.clear()

    for event in events:
        match event:
            case Told():
                said.append(SystemMessage(text=event.text) if event.role == "system" else UserMessage(text=event.text))
            case Replied():
                close()
                turn = event.reply.message
                said.append(turn)
            case ToolReturned():
                answers[event.call_id].append(_answer(event.call_id, event.text, event.is_error))
            case CallRefused():
                answers[event.call_id].append(_answer(event.call_id, event.message, True))
            case CallRejected() if event.reason in OF_A_CALL:
                answers[event.call_id].append(_answer(event.call_id, event.message, True))
            case CallRejected():
                asides.append(UserMessage(text=event.message))
            case Submitted():
                break
            case _:
                pass
    close()
    return said


def _answered(turn: AssistantMessage, answers: Mapping[str, list[ToolMessage]]) -> Iterable[ToolMessage]:
    for call in turn.tool_calls:
        if waiting := answers.get(call.id):
            yield waiting.pop(0)
        else:
            yield _answer(call.id, AFTER, False)


def _answer(call_id: str, text: str, is_error: bool) -> ToolMessage:
    return ToolMessage(call_id=call_id, text=text, is_error=is_error)
