"""The three wire formats: what is sent is what the official types allow, and what comes back is read in full."""

from __future__ import annotations

import json
import pkgutil
import random
from collections.abc import Iterable
from typing import Any

import pytest
from pydantic import TypeAdapter

from runner.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    ToolSpec,
    Usage,
    UserMessage,
)
from runner.models.formats.base import Assembled, Format, ServerEvent, Settings, StreamFault
from runner.models.formats.chat import CHAT
from runner.models.formats.messages import MESSAGES
from runner.models.formats.responses import RESPONSES
from runner.models.formats.textcalls import calls_as_text

ALL: list[Format] = [MESSAGES, RESPONSES, CHAT]
TOOL = ToolSpec(
    name="read", description="Read.", parameters={"type": "object", "properties": {"path": {"type": "string"}}}
)
BROKEN = '{"path": "a'
CONVERSATION: list[Message] = [
    SystemMessage(text="rules"),
    UserMessage(text="fix it"),
    AssistantMessage(
        text="I look.",
        tool_calls=(ToolCall.of("c1", "read", path="a"), ToolCall(id="c2", name="read", arguments=BROKEN)),
    ),
    ToolMessage(call_id="c1", text="1"),
    ToolMessage(call_id="c2", text="no JSON", is_error=True),
    UserMessage(text="go on"),
    AssistantMessage(text=""),
    UserMessage(text="Call a tool."),
]
SETTINGS = Settings(model="m", max_output_tokens=100)


def read(form: Format, payloads: Iterable[Any]) -> Assembled:
    assembler = form.assembler()
    for payload in payloads:
        assembler.feed(ServerEvent("", payload if isinstance(payload, str) else json.dumps(payload)))
    assert assembler.complete
    return assembler.finish()


@pytest.mark.parametrize(
    ("form", "typed"),
    [
        (MESSAGES, "anthropic.types:MessageCreateParams"),
        (RESPONSES, "openai.types.responses:ResponseCreateParams"),
        (CHAT, "openai.types.chat:CompletionCreateParams"),
    ],
    ids=["messages", "responses", "chat"],
)
@pytest.mark.xdist_group("sdks")  # they take seconds to import
@pytest.mark.parametrize("effort", [None, "high"])
def test_a_request_is_what_the_official_types_allow(form: Format, typed: str, effort: str | None) -> None:
    body = form.body(CONVERSATION, [TOOL], Settings(model="m", max_output_tokens=5000, effort=effort))
    TypeAdapter(pkgutil.resolve_name(typed)).validate_python(json.loads(json.dumps(body)))
    assert body["stream"] is True
    assert "temperature" not in body


@pytest.mark.parametrize("form", ALL, ids=lambda form: form.name)
def test_malformed_arguments_go_back_as_json_and_every_call_has_its_result(form: Format) -> None:
    sent = json.dumps(form.body(CONVERSATION, [TOOL], SETTINGS))
    assert json.dumps(json.dumps(BROKEN))[1:-1] in sent or json.dumps(BROKEN)[1:-1] in sent
    assert "malformed_arguments" in sent
    assert sent.count("c1") == sent.count("c2") == 2


def test_anthropic_turns_alternate_and_prefixes_are_marked_for_the_cache() -> None:
    body = MESSAGES.body(CONVERSATION, [TOOL], SETTINGS)
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user", "assistant", "user"]
    results = body["messages"][2]["content"]
    assert [block["type"] for block in results] == ["tool_result", "tool_result", "text"]
    assert results[1]["is_error"] is True
    assert body["system"][-1]["cache_control"] == {"type": "ephemeral"}
    assert body["messages"][-1]["content"][-1]["cache_control"] == {"type": "ephemeral"}
    unmarked = MESSAGES.body(CONVERSATION, [TOOL], Settings(model="m", cache=False))
    assert "cache_control" not in json.dumps(unmarked)


def test_responses_are_stateless_and_say_so() -> None:
    body = RESPONSES.body(CONVERSATION, [TOOL], SETTINGS)
    assert (body["store"], body["include"]) == (False, ["reasoning.encrypted_content"])
    assert body["tools"][0]["strict"] is False
    assert body["instructions"] == "rules"


def test_older_servers_get_the_name_of_the_limit_that_they_know() -> None:
    body = CHAT.body(CONVERSATION, [TOOL], Settings(model="m", max_output_tokens=7, max_tokens_key="max_tokens"))
    assert body["max_tokens"] == 7
    assert "max_completion_tokens" not in body
    assert body["stream_options"] == {"include_usage": True}


THINKING = {"type": "thinking", "thinking": "", "signature": ""}
ANTHROPIC = [
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-served",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {
                "input_tokens": 10,
                "cache_creation_input_tokens": 200,
                "cache_read_input_tokens": 3000,
                "output_tokens": 1,
                "service_tier": "standard",
            },
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": THINKING},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "m."}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "redacted_thinking", "data": "xyz"}},
    {"type": "content_block_stop", "index": 1},
    {"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "I lo"}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "ok."}},
    {"type": "content_block_stop", "index": 2},
    {
        "type": "content_block_start",
        "index": 3,
        "content_block": {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {}},
    },
    {"type": "content_block_delta", "index": 3, "delta": {"type": "input_json_delta", "partial_json": '{"pa'}},
    {"type": "content_block_delta", "index": 3, "delta": {"type": "input_json_delta", "partial_json": 'th": "a"}'}},
    {"type": "content_block_stop", "index": 3},
    {
        "type": "content_block_start",
        "index": 4,
        "content_block": {"type": "tool_use", "id": "toolu_2", "name": "read", "input": {}},
    },
    {"type": "content_block_delta", "index": 4, "delta": {"type": "input_json_delta", "partial_json": BROKEN}},
    {"type": "content_block_stop", "index": 4},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 42, "output_tokens_details": {"thinking_tokens": 20}},
    },
    {"type": "message_stop"},
]


def test_anthropic_streams_are_read_with_their_thinking_and_usage() -> None:
    found = read(MESSAGES, ANTHROPIC)
    assert found.message.text == "I look."
    assert [(call.id, call.arguments) for call in found.message.tool_calls] == [
        ("toolu_1", '{"path": "a"}'),
        ("toolu_2", BROKEN),
    ]
    assert found.usage == Usage(input=10, cache_read=3000, cache_write=200, output=42, reasoning=20)
    assert (found.stop, found.raw_stop, found.model_id, found.response_id) == (
        "tool_calls",
        "tool_use",
        "claude-served",
        "msg_1",
    )
    assert found.details == {"service_tier": "standard"}


def test_anthropic_thinking_goes_back_exactly_as_it_came() -> None:
    found = read(MESSAGES, ANTHROPIC)
    body = MESSAGES.body([UserMessage(text="x"), found.message, UserMessage(text="y")], [TOOL], SETTINGS)
    blocks = body["messages"][1]["content"]
    assert blocks[0] == {"type": "thinking", "thinking": "Hmm.", "signature": "c2ln"}
    assert blocks[1] == {"type": "redacted_thinking", "data": "xyz"}
    assert blocks[3]["input"] == {"path": "a"}
    assert blocks[4]["input"] == {"malformed_arguments": BROKEN}
    elsewhere = json.dumps(CHAT.body([found.message], [TOOL], SETTINGS))
    assert "signature" not in elsewhere and "toolu_1" in elsewhere


REASONING = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAA"}
CALL = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "call_1",
    "name": "read",
    "arguments": '{"path": "a"}',
    "status": "completed",
}
SAID = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "I look.", "annotations": []}],
}


def response(status: str, **more: Any) -> dict[str, Any]:
    usage = {
        "input_tokens": 1000,
        "input_tokens_details": {"cached_tokens": 900},
        "output_tokens": 50,
        "output_tokens_details": {"reasoning_tokens": 30},
        "total_tokens": 1050,
    }
    return {"id": "resp_1", "model": "gpt-served", "status": status, "service_tier": "default", "usage": usage, **more}


OPENAI = [
    {"type": "response.created", "response": response("in_progress")},
    {"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "id": "rs_1"}},
    {"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "Hm"},
    {"type": "response.output_item.done", "output_index": 0, "item": REASONING},
    {"type": "response.output_text.delta", "output_index": 1, "delta": "I look."},
    {"type": "response.output_item.done", "output_index": 1, "item": SAID},
    {"type": "response.output_item.added", "output_index": 2, "item": {"type": "function_call"}},
    {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '{"path": "a"}'},
    {"type": "response.output_item.done", "output_index": 2, "item": CALL},
    {"type": "response.completed", "response": response("completed")},
]


def test_responses_are_read_and_their_items_go_back_verbatim() -> None:
    found = read(RESPONSES, OPENAI)
    assert (found.message.text, found.message.tool_calls[0].id) == ("I look.", "call_1")
    assert found.usage == Usage(input=100, cache_read=900, output=50, reasoning=30)
    assert (found.stop, found.model_id, found.details) == ("tool_calls", "gpt-served", {"service_tier": "default"})
    body = RESPONSES.body(
        [UserMessage(text="x"), found.message, ToolMessage(call_id="call_1", text="1")], [TOOL], SETTINGS
    )
    assert body["input"][1:4] == [REASONING, SAID, CALL]
    assert body["input"][4] == {"type": "function_call_output", "call_id": "call_1", "output": "1"}


@pytest.mark.parametrize(
    ("reason", "stop"), [("max_output_tokens", "length"), ("content_filter", "refusal"), ("new_reason", "length")]
)
def test_an_incomplete_response_says_why(reason: str, stop: str) -> None:
    ended = {"type": "response.incomplete", "response": response("incomplete", incomplete_details={"reason": reason})}
    found = read(RESPONSES, [*OPENAI[:-1], ended])
    assert (found.stop, found.raw_stop) == (stop, reason)


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": "c", "model": "served", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def calls(*parts: dict[str, Any]) -> dict[str, Any]:
    return chunk({"tool_calls": list(parts)})


CHATTED = [
    chunk({"role": "assistant", "content": ""}, system_fingerprint="fp_1"),
    chunk({"reasoning_content": "Hm"}),
    chunk({"content": "I look."}),
    calls({"index": 0, "id": "a", "type": "function", "function": {"name": "read", "arguments": ""}}),
    calls({"index": 1, "id": "b", "type": "function", "function": {"name": "read", "arguments": '{"pa'}}),
    calls({"index": 0, "function": {"arguments": '{"path": "a"}'}}, {"index": 1, "function": {"arguments": 'th": 1}'}}),
    chunk({}, "tool_calls"),
    {
        "id": "c",
        "choices": [],
        "usage": {
            "prompt_tokens": 100,
            "prompt_tokens_details": {"cached_tokens": 60},
            "completion_tokens": 9,
            "completion_tokens_details": {"reasoning_tokens": 4},
            "cost": 0.012,
        },
        "provider": "Somebody",
    },
    "[DONE]",
]


def test_chat_calls_in_parallel_are_put_together_by_index() -> None:
    found = read(CHAT, CHATTED)
    assert [(call.id, call.arguments) for call in found.message.tool_calls] == [
        ("a", '{"path": "a"}'),
        ("b", '{"path": 1}'),
    ]
    assert (found.message.text, found.stop) == ("I look.", "tool_calls")
    assert found.usage == Usage(input=40, cache_read=60, output=9, reasoning=4)
    assert found.details == {"system_fingerprint": "fp_1", "provider": "Somebody", "cost_usd": 0.012}


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_both_names_of_reasoning_are_read_and_sent_back(field: str) -> None:
    found = read(CHAT, [chunk({field: "Hm"}), chunk({field: "m."}), chunk({"content": "x"}, "stop")])
    assert CHAT.body([found.message], [], SETTINGS)["messages"][0][field] == "Hmm."


def test_reasoning_details_go_back_unmodified() -> None:
    details = [{"type": "reasoning.encrypted", "data": "xx", "index": 0}, {"type": "reasoning.text", "text": "t"}]
    found = read(CHAT, [chunk({"reasoning_details": details[:1]}), chunk({"reasoning_details": details[1:]}, "stop")])
    assert CHAT.body([found.message], [], SETTINGS)["messages"][0]["reasoning_details"] == details


@pytest.mark.parametrize(
    ("form", "raw", "stop"),
    [
        (CHAT, "stop", "end_turn"),
        (CHAT, "length", "length"),
        (CHAT, "content_filter", "refusal"),
        (MESSAGES, "end_turn", "end_turn"),
        (MESSAGES, "max_tokens", "length"),
        (MESSAGES, "pause_turn", "end_turn"),
        (MESSAGES, "refusal", "refusal"),
        (MESSAGES, "model_context_window_exceeded", "context"),
    ],
)
def test_reasons_to_stop_are_told_apart(form: Format, raw: str, stop: str) -> None:
    payloads: list[Any] = [chunk({"content": "x"}, raw)]
    if form is MESSAGES:
        payloads = [{"type": "message_delta", "delta": {"stop_reason": raw}, "usage": {}}, {"type": "message_stop"}]
    found = read(form, payloads)
    assert (found.stop, found.raw_stop) == (stop, raw)


@pytest.mark.parametrize(
    ("form", "payload", "kind"),
    [
        (MESSAGES, {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, "retry"),
        (RESPONSES, {"type": "response.failed", "response": {"error": {"code": "server_error"}}}, "retry"),
        (RESPONSES, {"type": "error", "code": "insufficient_quota", "message": "pay"}, "final"),
        (CHAT, {"error": {"code": 402, "message": "Insufficient credits"}}, "final"),
        (CHAT, {"error": {"code": 502, "message": "upstream"}}, "retry"),
        (CHAT, {"error": {"code": "Throttling.RateQuota", "message": "slow"}}, "retry"),
    ],
)
def test_errors_inside_a_stream_are_the_providers(form: Format, payload: dict[str, Any], kind: str) -> None:
    with pytest.raises(StreamFault) as caught:
        form.assembler().feed(ServerEvent("", json.dumps(payload)))
    assert caught.value.kind == kind


@pytest.mark.parametrize("form", ALL, ids=lambda form: form.name)
def test_no_garbage_breaks_an_assembler(form: Format) -> None:
    chance = random.Random(7)
    examples: list[Any] = [*ANTHROPIC, *OPENAI, *CHATTED]
    strange: list[Any] = [None, 7, -1, True, "x", [], {}, [None], {"a": []}, 1e309]

    def spoil(value: Any) -> Any:
        if chance.random() < 0.15:
            return chance.choice(strange)
        if isinstance(value, dict):
            return {key: spoil(each) for key, each in value.items()}
        return [spoil(each) for each in value] if isinstance(value, list) else value

    for _ in range(300):
        assembler = form.assembler()
        for payload in chance.sample(examples, 12):
            try:
                assembler.feed(ServerEvent(chance.choice(["", "x"]), json.dumps(spoil(payload))))
            except StreamFault:
                continue
        found = assembler.finish()
        form.body([UserMessage(text="x"), found.message, UserMessage(text="y")], [TOOL], SETTINGS)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('<tool_call>\n{"name": "read", "arguments": {"path": "a"}}\n</tool_call>', ("read",)),
        ("<tool_call><function=read><parameter=path>a</parameter></function></tool_call>", ("read",)),
        ('<invoke name="read"><parameter name="path">a</parameter></invoke>', ("read",)),
        ('[TOOL_CALLS][{"name": "read", "arguments": {}}]', ("read",)),
        ("I would call read(path) now.", ()),
        ("", ()),
    ],
)
def test_calls_left_as_text_are_found(text: str, names: tuple[str, ...]) -> None:
    assert calls_as_text(text) == names
