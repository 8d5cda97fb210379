"""OpenAI Chat Completions, and what speaks like it: Qwen, OpenRouter, vLLM, llama.cpp and other servers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runner.messages import AssistantMessage, Message, StopReason, SystemMessage, ToolCall, ToolMessage, ToolSpec, Usage
from runner.models.formats.base import Assembled, Delta, FormatName, ServerEvent, Settings, StreamFault
from runner.models.formats.faults import fault_in_stream, fault_of
from runner.models.formats.loose import count, dollars, mapping, objects, parsed, replayable, text

STOPS: Mapping[str, StopReason] = {
    "stop": "end_turn",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "length": "length",
    "content_filter": "refusal",
    "model_context_window_exceeded": "context",
}
KEPT = ("reasoning_content", "reasoning", "reasoning_details")
"""Fields of an assistant's message that go back as they came."""


class Chat:
    """See `Format`."""

    name: FormatName = "chat"
    path = "/chat/completions"

    def headers(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"} if key else {}

    def body(self, conversation: Sequence[Message], tools: Sequence[ToolSpec], settings: Settings) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": settings.model,
            "messages": [_message(message) for message in conversation],
            "stream": True,
            "stream_options": {"include_usage": True},
            settings.max_tokens_key: settings.max_output_tokens,
        }
        if tools:
            body["tools"] = [{"type": "function", "function": tool.model_dump()} for tool in tools]
        if settings.temperature is not None:
            body["temperature"] = settings.temperature
        if settings.effort is not None:
            body["reasoning_effort"] = settings.effort
        return body | dict(settings.extra_body)

    def assembler(self) -> ChatAssembler:
        return ChatAssembler()

    def fault(self, status: int, body: bytes) -> StreamFault:
        return fault_of(status, body)


CHAT = Chat()


def _message(message: Message) -> dict[str, Any]:
    if isinstance(message, ToolMessage):
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.text}
    if not isinstance(message, AssistantMessage):
        return {"role": "system" if isinstance(message, SystemMessage) else "user", "content": message.text}
    native = message.native[0] if message.native and message.native_format == CHAT.name else {}
    plain: dict[str, Any] = {"role": "assistant", "content": message.text or None}
    if message.tool_calls:
        plain["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": replayable(call.arguments)},
            }
            for call in message.tool_calls
        ]
    else:
        plain["content"] = message.text or "(no answer)"
    return plain | {name: native[name] for name in KEPT if name in native}


def _function(call: ToolCall) -> dict[str, Any]:
    return {"name": call.name, "arguments": replayable(call.arguments)}


class ChatAssembler:
    """See `Assembler`. Tool calls are put together by their index."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._reasoning: dict[str, list[str]] = {}
        self._details: list[dict[str, Any]] = []
        self._calls: dict[int, list[str]] = {}
        self._finish = ""
        self._ended = False
        self._usage: Mapping[str, Any] = {}
        self._about: dict[str, Any] = {}

    def feed(self, event: ServerEvent) -> Delta | None:
        if event.data.strip() == "[DONE]":
            self._ended = True
            return None
        chunk = parsed(event.data)
        if chunk.get("error"):
            raise fault_in_stream(chunk)
        for name in ("id", "model", "system_fingerprint", "service_tier", "provider"):
            if text(chunk.get(name)):
                self._about[name] = chunk[name]
        if isinstance(chunk.get("usage"), dict):
            self._usage = chunk["usage"]
        choices = objects(chunk.get("choices"))
        if not choices:
            return None
        self._finish = text(choices[0].get("finish_reason")) or self._finish
        if self._finish == "error":
            raise fault_in_stream({"error": choices[0].get("error") or {"message": "finish_reason: error"}})
        return self._delta(mapping(choices[0].get("delta") or choices[0].get("message")))

    def _delta(self, delta: Mapping[str, Any]) -> Delta | None:
        kind: Delta | None = None
        for name in ("reasoning_content", "reasoning"):
            if part := text(delta.get(name)):
                self._reasoning.setdefault(name, []).append(part)
                kind = "reasoning"
        self._details += objects(delta.get("reasoning_details"))
        if part := text(delta.get("content")):
            self._text.append(part)
            kind = "text"
        self._refusal.append(text(delta.get("refusal")))
        for place, call in enumerate(objects(delta.get("tool_calls"))):
            index = call.get("index")
            parts = self._calls.setdefault(index if isinstance(index, int) else place, ["", "", ""])
            function = mapping(call.get("function"))
            parts[0] = parts[0] or text(call.get("id"))
            parts[1] = parts[1] or text(function.get("name"))
            parts[2] += text(function.get("arguments"))
            kind = "tool"
        return kind

    @property
    def complete(self) -> bool:
        return self._ended or bool(self._finish)

    def finish(self) -> Assembled:
        calls = tuple(
            ToolCall(id=call_id or f"call_{index}", name=name, arguments=arguments or "{}")
            for index, (call_id, name, arguments) in sorted(self._calls.items())
        )
        refusal = "".join(self._refusal)
        native: dict[str, Any] = {name: "".join(parts) for name, parts in self._reasoning.items()}
        if self._details:
            native["reasoning_details"] = self._details
        stop = STOPS.get(self._finish, "tool_calls" if calls else "end_turn")
        return Assembled(
            message=AssistantMessage(
                text="".join(self._text) or refusal,
                tool_calls=calls,
                native=(native,) if native else (),
                native_format=CHAT.name if native else "",
            ),
            stop="refusal" if refusal else stop,
            raw_stop=self._finish,
            usage=_usage(self._usage),
            raw_usage=self._usage,
            response_id=text(self._about.get("id")),
            model_id=text(self._about.get("model")),
            details=self._extra(),
        )

    def _extra(self) -> dict[str, Any]:
        extra = {name: value for name, value in self._about.items() if name not in ("id", "model")}
        cost = dollars(self._usage.get("cost"))
        return extra | ({"cost_usd": cost} if cost is not None else {})


def _usage(raw: Mapping[str, Any]) -> Usage:
    """`prompt_tokens` includes what the cache served."""
    prompt = mapping(raw.get("prompt_tokens_details"))
    completion = mapping(raw.get("completion_tokens_details"))
    cached, written = count(prompt.get("cached_tokens")), count(prompt.get("cache_write_tokens"))
    return Usage(
        input=max(0, count(raw.get("prompt_tokens")) - cached - written),
        cache_read=cached,
        cache_write=written,
        output=count(raw.get("completion_tokens")),
        reasoning=count(completion.get("reasoning_tokens")),
    )
