"""A wire format: pure functions between the harness's messages and a provider's JSON; no network, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from runner.messages import AssistantMessage, Message, StopReason, ToolSpec, Usage

FormatName = Literal["messages", "responses", "chat"]
Delta = Literal["reasoning", "text", "tool"]


@dataclass(frozen=True)
class Settings:
    """How a model is asked, the same at every turn of a trial and part of the lock."""

    model: str
    """The id that the provider knows."""
    max_output_tokens: int = 16_384
    """Of one turn, reasoning included."""
    effort: str | None = None
    """Reasoning effort or thinking, in the provider's own words; its default when left out."""
    temperature: float | None = None
    """Left out of the request when None: some providers refuse it."""
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    """Merged into the request's body last."""
    max_tokens_key: str = "max_completion_tokens"
    """Chat Completions: older servers know `max_tokens`."""
    cache: bool = True
    """Mark prompt prefixes for caching where the format has marks."""


@dataclass(frozen=True)
class ServerEvent:
    """One server-sent event."""

    event: str
    """The event's name; empty where the stream names none."""
    data: str


@dataclass(frozen=True)
class Assembled:
    """A finished stream."""

    message: AssistantMessage
    stop: StopReason
    raw_stop: str
    """The provider's own word for why it stopped."""
    usage: Usage
    raw_usage: Mapping[str, Any]
    response_id: str = ""
    model_id: str = ""
    """The id that the provider says it served."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Tier, fingerprint, serving provider, reported cost and the like."""


class StreamFault(Exception):
    """The provider reported an error, in a body or in the middle of a stream."""

    def __init__(self, message: str, *, kind: Literal["retry", "final", "request"]) -> None:
        """`retry`: try again later; `final`: billing or authentication; `request`: this request is at fault."""
        super().__init__(message)
        self.kind: Literal["retry", "final", "request"] = kind


class Assembler(Protocol):
    """Puts one stream together. Never raises for garbage: what cannot be used is kept as the model's own text."""

    def feed(self, event: ServerEvent) -> Delta | None:
        """Take one event; says what kind of content it brought. Raises StreamFault for an error event."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the stream told that it is at its end; a connection that closes before was cut."""
        ...

    def finish(self) -> Assembled:
        """The reply, once complete."""
        ...


class Format(Protocol):
    """One of `messages.py`, `responses.py`, `chat.py`, as a module-level object."""

    name: FormatName
    path: str
    """Below the base URL, as in `/messages`."""

    def headers(self, key: str) -> dict[str, str]:
        """Authentication and version headers; none for an empty key."""
        ...

    def body(self, conversation: Sequence[Message], tools: Sequence[ToolSpec], settings: Settings) -> dict[str, Any]:
        """The request. Earlier turns of the same format are replayed from their `native` items exactly as received."""
        ...

    def assembler(self) -> Assembler: ...

    def fault(self, status: int, body: bytes) -> StreamFault:
        """What an answer that is no stream means. Never raises, whatever `body` is."""
        ...
