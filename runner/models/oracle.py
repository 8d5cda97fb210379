"""Applies the reference patch through the same tools as any other model: proves that the harness can say resolved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.messages import AssistantMessage, Message, Reply, ToolCall, ToolSpec
from runner.models.base import KeylessModel, Opening


class Oracle(KeylessModel):
    """Writes the fixed files, runs the tests, submits."""

    def __init__(self, opening: Opening) -> None:
        self._turns = self._plan(opening)
        self._last: tuple[ToolCall, ...] = ()
        """Its submission, in the end: it stands by it."""

    def reply(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> Reply:
        self._last = next(self._turns, self._last)
        return Reply(message=AssistantMessage(tool_calls=self._last))

    def _plan(self, opening: Opening) -> Iterator[tuple[ToolCall, ...]]:
        fix = sorted(opening.reference().items())
        yield tuple(_change(f"fix-{number}", path, data) for number, (path, data) in enumerate(fix))
        yield (ToolCall.of("test", "run_tests"),)
        hypotheses = [{"file": path, "evidence_for": "changed by the reference fix"} for path, _ in fix[:3]]
        yield (
            ToolCall.of(
                "submit", "submit", summary="The reference fix.", hypotheses=hypotheses, risks="none", confidence=1.0
            ),
        )


def _change(call_id: str, path: str, data: bytes | None) -> ToolCall:
    if data is None:
        return ToolCall.of(call_id, "delete_file", path=path)
    return ToolCall.of(call_id, "write_file", path=path, content=data.decode("utf-8"))
