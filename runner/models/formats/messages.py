"""Anthropic Messages: content in blocks, thinking replayed with its signatures, prefixes marked for the cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runner.messages import AssistantMessage, Message, StopReason, SystemMessage, ToolCall, ToolMessage, ToolSpec, Usage
from runner.models.formats.base import Assembled, Delta, FormatName, ServerEvent, Settings, StreamFault
from runner.models.formats.faults import fault_in_stream, fault_of
from runner.models.formats.loose import count, mapping, parsed, text

VERSION = "2023-06-01"
CACHED = {"cache_control": {"type": "ephemeral"}}
STOPS: Mapping[str, StopReason] = {
    "end_turn": "end_turn",
    "stop_sequence": "end_turn",
    "pause_turn": "end_turn",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "refusal": "refusal",
    "model_context_window_exceeded": "context",
}
DELTAS: Mapping[str, Delta] = {
    "text_delta": "text",
    "thinking_delta": "reasoning",
    "signature_delta": "reasoning",
    "input_json_delta": "tool",
}


class Messages:
    """See `Format`."""

    name: FormatName = "messages"
    path = "/messages"

    def headers(self, key: str) -> dict[str, str]:
        return {"anthropic-version": VERSION} | ({"x-api-key": key} if key else {})

    def body(self, conversation: Sequence[Message], tools: Sequence[ToolSpec], settings: Settings) -> dict[str, Any]:
        """`effort` is a number of thinking tokens, or a word of the provider's for adaptive thinking."""
        system = "\n\n".join(message.text for message in conversation if isinstance(message, SystemMessage))
        body: dict[str, Any] = {
            "model": settings.model,
            "max_tokens": settings.max_output_tokens,
            "messages": _alternating(conversation),
            "stream": True,
        }
        if system:
            body["system"] = [{"type": "text", "text": system}]
        if tools:
            body["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": tool.parameters} for tool in tools
            ]
        if settings.effort is not None:
            body |= _thinking(settings.effort)
        if settings.temperature is not None:
            body["temperature"] = settings.temperature
        if settings.cache:
            _mark(body)
        return body | dict(settings.extra_body)

    def assembler(self) -> MessagesAssembler:
        return MessagesAssembler()

    def fault(self, status: int, body: bytes) -> StreamFault:
        return fault_of(status, body)


MESSAGES = Messages()


def _thinking(effort: str) -> dict[str, Any]:
    if effort.isdigit():
        return {"thinking": {"type": "enabled", "budget_tokens": int(effort)}}
    return {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort}}


def _alternating(conversation: Sequence[Message]) -> list[dict[str, Any]]:
    """Turns of user and assistant by turns: tool results and what is said beside them are one user's turn."""
    turns: list[dict[str, Any]] = []
    for message in conversation:
        if isinstance(message, SystemMessage):
            continue
        role = "assistant" if isinstance(message, AssistantMessage) else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += _blocks(message)
        else:
            turns.append({"role": role, "content": _blocks(message)})
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    if isinstance(message, ToolMessage):
        block = {"type": "tool_result", "tool_use_id": message.call_id, "content": message.text or "(no output)"}
        return [block | ({"is_error": True} if message.is_error else {})]
    if not isinstance(message, AssistantMessage):
        return [{"type": "text", "text": message.text or "(empty)"}]
    if message.native and message.native_format == MESSAGES.name:
        return [dict(block) for block in message.native]
    said = [{"type": "text", "text": message.text}] if message.text.strip() else []
    calls = [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": _input(call.arguments)}
        for call in message.tool_calls
    ]
    return [*said, *calls] or [{"type": "text", "text": "(no answer)"}]


def _input(arguments: str) -> dict[str, Any]:
    """Tool input as an object; what is none is wrapped, since the API takes no other."""
    found = parsed(arguments)
    return found if found or arguments.strip() in ("", "{}") else {"malformed_arguments": arguments[:4000]}


def _mark(body: dict[str, Any]) -> None:
    """The prefixes that the next turn will repeat: tools and system, and all of the conversation so far."""
    if body.get("system"):
        body["system"][-1] |= CACHED
    last = body["messages"][-1]["content"][-1] if body["messages"] else None
    if last is not None and last.get("type") in ("text", "tool_result"):
        last |= CACHED


class MessagesAssembler:
    """See `Assembler`. Blocks are put together by their index and kept as they came."""

    def __init__(self) -> None:
        self._blocks: dict[int, dict[str, Any]] = {}
        self._json: dict[int, str] = {}
        self._about: Mapping[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._stop = ""
        self._details: dict[str, Any] = {}
        self._ended = False

    def feed(self, event: ServerEvent) -> Delta | None:
        found = parsed(event.data)
        kind = text(found.get("type")) or event.event
        place = found.get("index")
        index = place if isinstance(place, int) else 0
        if kind == "error":
            raise fault_in_stream(found)
        if kind == "message_start":
            self._about = mapping(found.get("message"))
            self._usage |= mapping(self._about.get("usage"))
        elif kind == "content_block_start":
            self._blocks[index] = dict(mapping(found.get("content_block")))
            return "tool" if self._blocks[index].get("type") == "tool_use" else None
        elif kind == "content_block_delta":
            return self._delta(index, mapping(found.get("delta")))
        elif kind == "message_delta":
            delta = mapping(found.get("delta"))
            self._stop = text(delta.get("stop_reason")) or self._stop
            self._usage |= {name: value for name, value in mapping(found.get("usage")).items() if value is not None}
            if delta.get("stop_details"):
                self._details["stop_details"] = delta["stop_details"]
        elif kind == "message_stop":
            self._ended = True
        return None

    def _delta(self, index: int, delta: Mapping[str, Any]) -> Delta | None:
        block = self._blocks.setdefault(index, {"type": "text", "text": ""})
        kind = text(delta.get("type"))
        if kind == "input_json_delta":
            self._json[index] = self._json.get(index, "") + text(delta.get("partial_json"))
        for field in ("text", "thinking", "signature"):
            if kind == f"{field}_delta":
                block[field] = text(block.get(field)) + text(delta.get(field))
        return DELTAS.get(kind)

    @property
    def complete(self) -> bool:
        return self._ended

    def finish(self) -> Assembled:
        native, calls = [], []
        for index, block in sorted(self._blocks.items()):
            if block.get("type") == "tool_use":
                raw = self._json.get(index, "") or "{}"
                name = text(block.get("name"))
                calls.append(ToolCall(id=text(block.get("id")) or f"call_{index}", name=name, arguments=raw))
                block = {**block, "input": _input(raw)}
            if block.get("type") != "text" or text(block.get("text")).strip():
                native.append(block)
        stop = STOPS.get(self._stop, "tool_calls" if calls else "end_turn")
        tier = self._usage.get("service_tier")
        return Assembled(
            message=AssistantMessage(
                text="".join(text(block.get("text")) for block in native if block.get("type") == "text"),
                tool_calls=tuple(calls),
                native=tuple(native),
                native_format=MESSAGES.name if native else "",
            ),
            stop=stop,
            raw_stop=self._stop,
            usage=_usage(self._usage),
            raw_usage=self._usage,
            response_id=text(self._about.get("id")),
            model_id=text(self._about.get("model")),
            details=self._details | ({"service_tier": tier} if tier else {}),
        )


def _usage(raw: Mapping[str, Any]) -> Usage:
    """`input_tokens` excludes the cache."""
    return Usage(
        input=count(raw.get("input_tokens")),
        cache_read=count(raw.get("cache_read_input_tokens")),
        cache_write=count(raw.get("cache_creation_input_tokens")),
        output=count(raw.get("output_tokens")),
        reasoning=count(mapping(raw.get("output_tokens_details")).get("thinking_tokens")),
    )
