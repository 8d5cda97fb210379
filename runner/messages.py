"""What is said between the harness and a model, whatever the wire format."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A value: immutable, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolCall(Frozen):
    """One call as the model wrote it; `arguments` is its raw text, which need not be JSON."""

    id: str
    name: str
    arguments: str

    @classmethod
    def of(cls, call_id: str, name: str, /, **arguments: Any) -> ToolCall:
        return cls(id=call_id, name=name, arguments=json.dumps(arguments))


class SystemMessage(Frozen):
    role: Literal["system"] = "system"
    text: str


class UserMessage(Frozen):
    role: Literal["user"] = "user"
    text: str


class AssistantMessage(Frozen):
    role: Literal["assistant"] = "assistant"
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    left_out: int = 0
    """Calls beyond those that one turn may hold."""


class ToolMessage(Frozen):
    """The answer to one tool call."""

    role: Literal["tool"] = "tool"
    call_id: str
    text: str
    is_error: bool = False


Message = Annotated[SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")]


class ToolSpec(Frozen):
    """A tool as a model is told of it; `parameters` is a JSON Schema."""

    name: str
    description: str
    parameters: dict[str, Any]


class Usage(Frozen):
    """Tokens of one call; the four kinds do not overlap, `reasoning` is part of `output`."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in Usage.model_fields})


class Reply(Frozen):
    """A model's turn."""

    message: AssistantMessage
    stop: Literal["end_turn", "tool_calls", "length", "refusal"] = "tool_calls"
    usage: Usage = Usage()
    cost_usd: float = 0.0
    model_id: str = ""
    """The id that the provider says it served; empty where there is no provider."""


def to_json(value: BaseModel, indent: int | None = None) -> bytes:
    """A value as UTF-8 JSON, whatever text a model put into it: half a surrogate pair becomes `?`."""
    plain = value.model_dump(mode="json", by_alias=True)
    return json.dumps(plain, ensure_ascii=False, indent=indent).encode("utf-8", "replace")


def shorten(text: str, limit: int) -> str:
    """`text` with its middle left out, and said so, when it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    head, tail = limit * 2 // 3, len(text) - limit // 3
    return f"{text[:head]}\n… {tail - head} characters left out …\n{text[tail:]}"
