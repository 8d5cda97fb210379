"""Submits nothing changed: proves that the harness can say unresolved."""

from __future__ import annotations

from collections.abc import Sequence

from runner.messages import AssistantMessage, Message, Reply, ToolCall, ToolSpec
from runner.models.base import KeylessModel, Opening


class Noop(KeylessModel):
    def __init__(self, opening: Opening) -> None:
        pass

    def reply(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> Reply:
        call = ToolCall.of("submit", "submit", summary="Nothing was changed.", confidence=0.0)
        return Reply(message=AssistantMessage(tool_calls=(call,)))
