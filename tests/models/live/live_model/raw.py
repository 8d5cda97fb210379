"""The three wire formats by hand, over bare httpx: what the server itself says, with no adapter between.

Each format knows how to ask with tools, how to tell a tool's result, and which calls a stream of events holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

Json = dict[str, Any]

SYSTEM = "You fix bugs in Python repositories."
ISSUE = "Issue: double(3) gives 5, I expected 6. The code is in src/calc.py."
TOKENS = 96
"""Of one answer."""


def _tool(name: str, description: str, **properties: str) -> Json:
    schema = {key: {"type": kind} for key, kind in properties.items()}
    parameters = {"type": "object", "properties": schema, "required": list(schema), "additionalProperties": False}
    return {"name": name, "description": description, "parameters": parameters}


TOOLS = (
    _tool("read_file", "Read a text file.", path="string"),
    _tool("write_file", "Replace a text file.", path="string", content="string"),
    _tool("submit", "End the task.", summary="string", confidence="number"),
)


@dataclass(frozen=True)
class Call:
    """One tool call as it came over the wire."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Event:
    """One server-sent event; `name` is empty in Chat Completions, `data` is a string only for its `[DONE]`."""

    name: str
    data: Any


@dataclass(frozen=True)
class Wire:
    """One format."""

    path: str
    first: Callable[[], Json]
    """The body of the first request."""
    then: Callable[[Json, Sequence[Call], str], Json]
    """The body that follows one: the calls that were made, and one result for each."""
    calls: Callable[[Sequence[Event]], list[Call]]
    ended: Callable[[Sequence[Event]], bool]
    """Whether the stream tells that it is whole."""
    tokens: Callable[[Sequence[Event]], tuple[int, int]]
    """Tokens of the prompt, cached ones included, and of the answer."""


def ask(url: str, wire: Wire, body: Json) -> list[Event]:
    """The events of one streamed answer."""
    events, name = [], ""
    with httpx.stream("POST", url + wire.path, json=body, timeout=90, trust_env=False) as response:
        if response.status_code != 200:
            raise AssertionError(f"{wire.path} answered {response.status_code}: {response.read().decode()[:500]}")
        for line in response.iter_lines():
            key, _, value = line.partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                events.append(Event(name, value if value == "[DONE]" else json.loads(value)))
                name = ""
    return events


def _chat_first() -> Json:
    return {
        "model": "any",
        "temperature": 0,
        "max_completion_tokens": TOKENS,
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": ISSUE}],
        "tools": [{"type": "function", "function": tool} for tool in TOOLS],
    }


def _chat_then(body: Json, calls: Sequence[Call], result: str) -> Json:
    told = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]
    answers = [{"role": "tool", "tool_call_id": call.id, "content": result} for call in calls]
    turn = {"role": "assistant", "content": None, "tool_calls": told}
    return body | {"messages": [*body["messages"], turn, *answers]}


def _chat_calls(events: Sequence[Event]) -> list[Call]:
    parts: dict[int, list[str]] = {}
    for choice in (choice for event in events if event.data != "[DONE]" for choice in event.data["choices"]):
        for delta in choice["delta"].get("tool_calls") or []:
            part = parts.setdefault(delta["index"], ["", "", ""])
            part[0] += delta.get("id") or ""
            part[1] += delta.get("function", {}).get("name") or ""
            part[2] += delta.get("function", {}).get("arguments") or ""
    return [Call(*part) for _, part in sorted(parts.items())]


def _chat_tokens(events: Sequence[Event]) -> tuple[int, int]:
    usage = next(event.data["usage"] for event in reversed(events) if event.data != "[DONE]" and "usage" in event.data)
    return usage["prompt_tokens"], usage["completion_tokens"]


def _responses_first() -> Json:
    return {
        "model": "any",
        "temperature": 0,
        "max_output_tokens": TOKENS,
        "stream": True,
        "store": False,
        "instructions": SYSTEM,
        "input": [{"role": "user", "content": ISSUE}],
        "tools": [{"type": "function", "strict": False, **tool} for tool in TOOLS],
    }


def _responses_then(body: Json, calls: Sequence[Call], result: str) -> Json:
    told = [
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments} for call in calls
    ]
    answers = [{"type": "function_call_output", "call_id": call.id, "output": result} for call in calls]
    return body | {"input": [*body["input"], *told, *answers]}


def _responses_calls(events: Sequence[Event]) -> list[Call]:
    items = [event.data["item"] for event in events if event.name == "response.output_item.done"]
    return [Call(item["call_id"], item["name"], item["arguments"]) for item in items if item["type"] == "function_call"]


def _responses_tokens(events: Sequence[Event]) -> tuple[int, int]:
    usage = events[-1].data["response"]["usage"]
    return usage["input_tokens"], usage["output_tokens"]


def _messages_first() -> Json:
    return {
        "model": "any",
        "temperature": 0,
        "max_tokens": TOKENS,
        "stream": True,
        "system": SYSTEM,
        "messages": [{"role": "user", "content": ISSUE}],
        "tools": [
            {"name": tool["name"], "description": tool["description"], "input_schema": tool["parameters"]}
            for tool in TOOLS
        ],
    }


def _messages_then(body: Json, calls: Sequence[Call], result: str) -> Json:
    told = [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)} for call in calls
    ]
    answers = [{"type": "tool_result", "tool_use_id": call.id, "content": result} for call in calls]
    turns = [{"role": "assistant", "content": told}, {"role": "user", "content": answers}]
    return body | {"messages": [*body["messages"], *turns]}


def _messages_calls(events: Sequence[Event]) -> list[Call]:
    blocks: dict[int, list[str]] = {}
    for event in events:
        if event.name == "content_block_start" and event.data["content_block"]["type"] == "tool_use":
            block = event.data["content_block"]
            blocks[event.data["index"]] = [block["id"], block["name"], ""]
        elif event.name == "content_block_delta" and event.data["delta"]["type"] == "input_json_delta":
            blocks[event.data["index"]][2] += event.data["delta"]["partial_json"]
    return [Call(*block) for _, block in sorted(blocks.items())]


def _messages_tokens(events: Sequence[Event]) -> tuple[int, int]:
    start = next(event.data["message"]["usage"] for event in events if event.name == "message_start")
    end = next(event.data["usage"] for event in events if event.name == "message_delta")
    return start["input_tokens"] + start.get("cache_read_input_tokens", 0), end["output_tokens"]


WIRES = {
    "chat": Wire(
        "/v1/chat/completions",
        _chat_first,
        _chat_then,
        _chat_calls,
        lambda events: events[-1].data == "[DONE]",
        _chat_tokens,
    ),
    "responses": Wire(
        "/v1/responses",
        _responses_first,
        _responses_then,
        _responses_calls,
        lambda events: events[-1].name == "response.completed",
        _responses_tokens,
    ),
    "messages": Wire(
        "/v1/messages",
        _messages_first,
        _messages_then,
        _messages_calls,
        lambda events: events[-1].name == "message_stop",
        _messages_tokens,
    ),
}
