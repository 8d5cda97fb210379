"""A transcript cut into what was said: each prompt and each turn with its calls, what became of them, and the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRefused, CallRejected, Decided, ToolReturned
from runner.events.conversation import Challenged, Replied, Told
from runner.messages import ToolCall
from runner.trials.conversation import OF_A_CALL

Said = Told | Challenged | CallRejected
Answer = ToolReturned | CallRefused | CallRejected


@dataclass
class Made:
    """A call of a turn with the events that are about it."""

    call: ToolCall
    at: int
    """Its place in the turn, from 0."""
    proposed: CallProposed | None = None
    decided: list[Decided] = field(default_factory=list)
    answer: Answer | None = None

    @property
    def text(self) -> str | None:
        """What the model was answered; None where it was not."""
        if self.answer is None:
            return None
        return self.answer.text if isinstance(self.answer, ToolReturned) else self.answer.message

    @property
    def field(self) -> str:
        """Where the answer's event has its text."""
        return "text" if isinstance(self.answer, ToolReturned) else "message"

    @property
    def is_error(self) -> bool:
        return self.answer.is_error if isinstance(self.answer, ToolReturned) else self.answer is not None


@dataclass
class Block:
    """A message to the model, or a turn of its own."""

    head: Said | Replied
    calls: list[Made] = field(default_factory=list)
    rest: list[AnyEvent] = field(default_factory=list)
    """What else happened until the next block."""

    @property
    def role(self) -> str:
        if isinstance(self.head, Replied):
            return "assistant"
        return self.head.role if isinstance(self.head, Told) else "user"

    @property
    def text(self) -> str:
        if isinstance(self.head, Replied):
            return self.head.reply.message.text
        return self.head.message if isinstance(self.head, CallRejected) else self.head.text

    @property
    def field(self) -> str:
        """Where the head has its text."""
        if isinstance(self.head, Replied):
            return "reply.message.text"
        return "message" if isinstance(self.head, CallRejected) else "text"


def blocks(events: Iterable[AnyEvent]) -> list[Block]:
    """In order; what precedes the first message is in no block."""
    found: list[Block] = []
    turn: Block | None = None
    listed = list(events)
    for event, following in zip(listed, [*listed, None][1:], strict=True):
        if isinstance(event, Challenged) and isinstance(following, Told) and following.text == event.text:
            if found:  # one message, which the next event holds
                found[-1].rest.append(event)
        elif isinstance(event, Told | Challenged | CallRejected) and not _is_of_a_call(event):
            found.append(Block(event))
        elif isinstance(event, Replied):
            calls = [Made(call, at) for at, call in enumerate(event.reply.message.tool_calls)]
            turn = Block(event, calls)
            found.append(turn)
        elif not (turn is not None and _belongs(event, turn.calls)) and found:
            found[-1].rest.append(event)
    return found


def _is_of_a_call(event: AnyEvent) -> bool:
    return isinstance(event, CallRejected) and event.reason in OF_A_CALL


def _belongs(event: AnyEvent, calls: list[Made]) -> bool:
    """Whether the event is about a call of the turn that waits for its answer; notes it there."""
    if not isinstance(event, CallProposed | Decided | ToolReturned | CallRefused | CallRejected):
        return False
    made = next((made for made in calls if made.call.id == event.call_id and made.answer is None), None)
    if made is None:
        return False
    match event:
        case CallProposed():
            made.proposed = event
        case Decided():
            made.decided.append(event)
        case _:
            made.answer = event
    return True
