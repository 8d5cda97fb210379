"""The model around the strategy: what a reply is, whatever was said."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from runner.messages import (
    AssistantMessage,
    Message,
    Reply,
    SystemMessage,
    ToolCall,
    ToolMessage,
    ToolSpec,
    UserMessage,
)
from runner.models.base import KeylessModel, Opening
from runner.models.repair import conclusions
from runner.models.repair.dialogue import Dialogue, Turn
from runner.models.repair.strategy import PYTHON, converse

BUDGET = 60


class Repair(KeylessModel):
    """Classical automated program repair: an honest baseline that searches and understands nothing.

    It acts through tool calls alone, is deterministic, and never asks for the reference fix.
    """

    def __init__(self, opening: Opening, budget: int = BUDGET) -> None:
        self._budget = budget
        """Candidates tried by running tests."""
        self._dialogue: Dialogue[None] | None = None
        self._sent = AssistantMessage()
        self._turns = 0

    def reply(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> Reply:
        """The next turn; the same one again when the conversation does not hold the last one."""
        last = max((at for at, said in enumerate(conversation) if isinstance(said, AssistantMessage)), default=-1)
        if self._dialogue is None:
            report = "\n".join(said.text for said in conversation if isinstance(said, UserMessage))
            self._dialogue = converse(report, self._budget, _language(conversation))
            self._sent = self._message(next(self._dialogue))
        elif last >= 0 and self._heard(conversation[last]):
            self._sent = self._message(self._next(self._dialogue, conversation[last + 1 :]))
        return Reply(message=self._sent)

    def _heard(self, said: Message) -> bool:
        calls = {call.id for call in self._sent.tool_calls}
        return isinstance(said, AssistantMessage) and calls == {call.id for call in said.tool_calls}

    def _next(self, dialogue: Dialogue[None], heard: Sequence[Message]) -> Turn:
        """The strategy's next turn. Whatever goes wrong within it ends in a submission that claims nothing, for a
        trial that dies of its model would be no trial; nearly all turns leave the workspace as it was."""
        try:
            return dialogue.send(self._answers(heard))
        except Exception as error:
            conclusion = conclusions.failed(error)
            self._dialogue = None
            return Turn(conclusion.summary, [conclusion.submission()])

    def _answers(self, heard: Sequence[Message]) -> list[ToolMessage]:
        """One answer for each call, in order; an error where there is none."""
        said = {message.call_id: message for message in heard if isinstance(message, ToolMessage)}
        missing = (ToolMessage(call_id=call.id, text="no answer", is_error=True) for call in self._sent.tool_calls)
        return [said.get(absent.call_id, absent) for absent in missing]

    def _message(self, turn: Turn) -> AssistantMessage:
        self._turns += 1
        calls = tuple(
            ToolCall(id=f"repair-{self._turns}-{at}", name=ask.tool, arguments=json.dumps(ask.arguments))
            for at, ask in enumerate(turn.asks)
        )
        return AssistantMessage(text=turn.text, tool_calls=calls)


def _language(conversation: Sequence[Message]) -> str:
    """As the house rules name it; Python where they do not say."""
    said = (re.search(r"\bA (\w+) repository\b", each.text) for each in conversation if isinstance(each, SystemMessage))
    return next((found[1] for found in said if found), PYTHON)
