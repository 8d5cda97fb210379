"""OpenAI Responses, stateless: nothing is stored there, and reasoning goes back encrypted, as it came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runner.messages import AssistantMessage, Message, StopReason, SystemMessage, ToolCall, ToolMessage, ToolSpec, Usage
from runner.models.formats.base import Assembled, Delta, FormatName, ServerEvent, Settings, StreamFault
from runner.models.formats.faults import fault_in_stream, fault_of
from runner.models.formats.loose import count, mapping, objects, parsed, replayable, text

TERMINAL = ("response.completed", "response.incomplete")
DELTAS: Mapping[str, Delta] = {
    "response.output_text.delta": "text",
    "response.refusal.delta": "text",
    "response.reasoning_text.delta": "reasoning",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.function_call_arguments.delta": "tool",
}
INCOMPLETE: Mapping[str, StopReason] = {
    "max_output_tokens": "length",
    "content_filter": "refusal",
    "max_context_window": "context",
}
DETAILS = ("service_tier", "input_transformations", "incomplete_details")


class Responses:
    """See `Format`."""

    name: FormatName = "responses"
    path = "/responses"

    def headers(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"} if key else {}

    def body(self, conversation: Sequence[Message], tools: Sequence[ToolSpec], settings: Settings) -> dict[str, Any]:
        system = "\n\n".join(message.text for message in conversation if isinstance(message, SystemMessage))
        body: dict[str, Any] = {
            "model": settings.model,
            "instructions": system,
            "input": [item for message in conversation for item in _items(message)],
            "max_output_tokens": settings.max_output_tokens,
            "store": False,
            "include": ["reasoning.encrypted_content"],
            "stream": True,
        }
        if tools:
            body["tools"] = [{"type": "function", "strict": False, **tool.model_dump()} for tool in tools]
        if settings.effort is not None:
            body["reasoning"] = {"effort": settings.effort}
        if settings.temperature is not None:
            body["temperature"] = settings.temperature
        return body | dict(settings.extra_body)

    def assembler(self) -> ResponsesAssembler:
        return ResponsesAssembler()

    def fault(self, status: int, body: bytes) -> StreamFault:
        return fault_of(status, body)


RESPONSES = Responses()


def _items(message: Message) -> list[dict[str, Any]]:
    if isinstance(message, SystemMessage):
        return []
    if isinstance(message, ToolMessage):
        return [{"type": "function_call_output", "call_id": message.call_id, "output": message.text}]
    if not isinstance(message, AssistantMessage):
        return [{"role": "user", "content": message.text}]
    if message.native and message.native_format == RESPONSES.name:
        return [_replayed(item) for item in message.native]
    said = [_said(message.text or "(no answer)")] if message.text or not message.tool_calls else []
    calls = [
        {
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": replayable(call.arguments),
        }
        for call in message.tool_calls
    ]
    return [*said, *calls]


def _said(text: str) -> dict[str, Any]:
    """An assistant's text in the form that every server of this format knows."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": "msg_told", "role": "assistant", "status": "completed", "content": content}


def _replayed(item: dict[str, Any]) -> dict[str, Any]:
    if item.get("type") != "function_call":
        return item
    arguments = text(item.get("arguments")) or "{}"
    return item if replayable(arguments) == item.get("arguments") else item | {"arguments": replayable(arguments)}


class ResponsesAssembler:
    """See `Assembler`. What counts is each finished item and the terminal event."""

    def __init__(self) -> None:
        self._items: dict[int, dict[str, Any]] = {}
        self._response: Mapping[str, Any] = {}
        self._terminal = ""

    def feed(self, event: ServerEvent) -> Delta | None:
        found = parsed(event.data)
        kind = text(found.get("type")) or event.event
        if kind == "error":
            raise fault_in_stream({"error": found.get("error") or found})
        if kind == "response.failed":
            raise fault_in_stream({"error": mapping(found.get("response")).get("error") or {"message": kind}})
        if kind == "response.output_item.done" and isinstance(found.get("item"), dict):
            place = found.get("output_index")
            self._items[place if isinstance(place, int) else len(self._items)] = found["item"]
        elif kind in TERMINAL:
            self._terminal = kind
            self._response = mapping(found.get("response"))
        elif kind == "response.created":
            self._response = mapping(found.get("response"))
        elif kind == "response.output_item.added":
            return "tool" if mapping(found.get("item")).get("type") == "function_call" else None
        return DELTAS.get(kind)

    @property
    def complete(self) -> bool:
        return bool(self._terminal)

    def finish(self) -> Assembled:
        items = [item for _, item in sorted(self._items.items())] or objects(self._response.get("output"))
        calls = tuple(
            ToolCall(
                id=text(item.get("call_id")) or text(item.get("id")) or f"call_{place}",
                name=text(item.get("name")),
                arguments=text(item.get("arguments")) or "{}",
            )
            for place, item in enumerate(items)
            if item.get("type") == "function_call"
        )
        parts = [part for item in items if item.get("type") == "message" for part in objects(item.get("content"))]
        refusal = "".join(text(part.get("refusal")) for part in parts)
        reason = text(mapping(self._response.get("incomplete_details")).get("reason"))
        stop: StopReason = "tool_calls" if calls else "end_turn"
        if self._terminal == "response.incomplete":
            stop = INCOMPLETE.get(reason, "length")
        return Assembled(
            message=AssistantMessage(
                text="".join(text(part.get("text")) for part in parts) or refusal,
                tool_calls=calls,
                native=tuple(items),
                native_format=RESPONSES.name,
            ),
            stop="refusal" if refusal else stop,
            raw_stop=reason or text(self._response.get("status")),
            usage=_usage(mapping(self._response.get("usage"))),
            raw_usage=mapping(self._response.get("usage")),
            response_id=text(self._response.get("id")),
            model_id=text(self._response.get("model")),
            details={name: self._response[name] for name in DETAILS if self._response.get(name)},
        )


def _usage(raw: Mapping[str, Any]) -> Usage:
    """`input_tokens` includes what the cache served."""
    inside = mapping(raw.get("input_tokens_details"))
    cached, written = count(inside.get("cached_tokens")), count(inside.get("cache_write_tokens"))
    return Usage(
        input=max(0, count(raw.get("input_tokens")) - cached - written),
        cache_read=cached,
        cache_write=written,
        output=count(raw.get("output_tokens")),
        reasoning=count(mapping(raw.get("output_tokens_details")).get("reasoning_tokens")),
    )
