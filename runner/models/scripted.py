"""The fake: says what a test or an example tells it to, at the price that it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from runner.messages import AssistantMessage, Message, Reply, ToolCall, ToolSpec

Turn = Reply | ToolCall | str | Callable[[Sequence[Message]], Reply]


class Scripted:
    """Plays `turns` in order, then repeats the last one for ever."""

    def __init__(self, turns: Iterable[Turn], usd_per_turn: float = 0.0) -> None:
        self._turns = list(turns)
        self._usd = usd_per_turn
        self.seen: list[Sequence[Message]] = []
        """The conversation as it stood at each turn."""

    def reply(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> Reply:
        turn = self._turns[min(len(self.seen), len(self._turns) - 1)]
        self.seen.append(list(conversation))
        if callable(turn):
            reply = turn(conversation)
        elif isinstance(turn, Reply):
            reply = turn
        elif isinstance(turn, ToolCall):
            reply = Reply(message=AssistantMessage(tool_calls=(turn,)))
        else:
            reply = Reply(message=AssistantMessage(text=turn), stop="end_turn")
        return reply.model_copy(update={"cost_usd": self._usd})

    def worst_case_tokens(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> int:
        return 0

    def worst_case_usd(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> float:
        return self._usd
