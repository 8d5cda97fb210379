"""What is said between the harness and a model, whatever the wire format."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A value: immutable, and strict about unknown keys; a number is a finite one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


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
    native: tuple[dict[str, Any], ...] = ()
    """The turn in its provider's own items, replayed to it exactly as received (thinking blocks and their signatures,
    encrypted reasoning); empty where there is no provider. What an imported turn's model thought is there, too."""
    native_format: str = ""
    """The wire format of `native`; empty where it is to be shown and sent to nobody."""


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

    @property
    def total(self) -> int:
        """All that went in and came out."""
        return self.input + self.cache_read + self.cache_write + self.output

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in Usage.model_fields})


StopReason = Literal["end_turn", "tool_calls", "length", "refusal", "context"]
"""`length`: cut at the output limit; `context`: the conversation no longer fits the model."""


class CallRecord(Frozen):
    """How one call to a provider went; all seconds are apart."""

    provider: str
    format: str
    base_url: str
    requested_model: str
    returned_model: str = ""
    body_sha256: str = ""
    response_id: str = ""
    request_id: str = ""
    """The provider's, from its headers."""
    attempts: int = 1
    waited: float = 0.0
    """Seconds spent on rate limits, retries and the limiter, which are nobody's thinking."""
    latency: float = 0.0
    """Seconds from the last attempt's request to the end of its stream."""
    first_reasoning: float | None = None
    """Seconds to the first delta of this kind, from the last attempt's request."""
    first_text: float | None = None
    first_tool: float | None = None
    raw_stop: str = ""
    raw_usage: dict[str, Any] = Field(default_factory=dict)
    price: str = ""
    """Where the price comes from, and its date; empty where none is known."""
    rate_limits: dict[str, str] = Field(default_factory=dict)
    """The provider's rate-limit headers."""
    details: dict[str, Any] = Field(default_factory=dict)


class Reply(Frozen):
    """A model's turn."""

    message: AssistantMessage
    stop: StopReason = "tool_calls"
    usage: Usage = Usage()
    cost_usd: float = 0.0
    model_id: str = ""
    """The id that the provider says it served; empty where there is no provider."""
    call: CallRecord | None = None
    """How the provider was reached; None where there is none."""


def to_json(value: BaseModel, indent: int | None = None) -> bytes:
    """A value as UTF-8 JSON, whatever text a model put into it: half a surrogate pair becomes `?`."""
    return to_plain(value.model_dump(mode="json", by_alias=True), indent)


def to_plain(value: Any, indent: int | None = None) -> bytes:
    """The same of plain data."""
    return json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8", "replace")


def shorten(text: str, limit: int) -> str:
    """`text` with its middle left out, and said so, when it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    head, tail = limit * 2 // 3, len(text) - limit // 3
    return f"{text[:head]}\n… {tail - head} characters left out …\n{text[tail:]}"
