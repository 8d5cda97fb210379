"""The examples are honest: the official SDKs' clients read them off a real server as our assemblers do."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("sdks")  # they take seconds to import

_spec = importlib.util.spec_from_file_location("format_examples", Path(__file__).with_name("test_formats.py"))
assert _spec is not None and _spec.loader is not None
examples = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(examples)


def stream(payloads: list[Any]) -> bytes:
    parts = []
    for number, payload in enumerate(payloads):
        if isinstance(payload, str):
            parts.append(f"data: {payload}\n\n")
        else:
            named = f"event: {payload['type']}\n" if "type" in payload else ""
            parts.append(f"{named}data: {json.dumps({'sequence_number': number, **payload})}\n\n")
    return "".join(parts).encode()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    answers = {
        "/v1/messages": stream(examples.ANTHROPIC),
        "/v1/responses": stream(examples.OPENAI),
        "/v1/chat/completions": stream(examples.CHATTED),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            self.wfile.write(answers[self.path])

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_anthropics_client_agrees(url: str) -> None:
    import anthropic

    client = anthropic.Anthropic(api_key="k", base_url=url, max_retries=0)
    events = list(
        client.messages.create(model="m", max_tokens=9, stream=True, messages=[{"role": "user", "content": "x"}])
    )
    ours = examples.read(examples.MESSAGES, examples.ANTHROPIC)
    texts = [event.delta.text for event in events if getattr(getattr(event, "delta", None), "type", "") == "text_delta"]
    assert "".join(texts) == ours.message.text
    started = next(event for event in events if event.type == "message_start")
    assert (started.message.id, started.message.model) == (ours.response_id, ours.model_id)
    assert started.message.usage.cache_read_input_tokens == ours.usage.cache_read
    ended = next(event for event in events if event.type == "message_delta")
    assert (ended.delta.stop_reason, ended.usage.output_tokens) == (ours.raw_stop, ours.usage.output)


def test_openais_client_agrees_on_responses(url: str) -> None:
    import openai

    client = openai.OpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0)
    events = list(client.responses.create(model="m", input="x", stream=True))
    ours = examples.read(examples.RESPONSES, examples.OPENAI)
    items = [event.item for event in events if event.type == "response.output_item.done"]
    assert [item.type for item in items] == ["reasoning", "message", "function_call"]
    assert (items[2].call_id, items[2].arguments) == (
        ours.message.tool_calls[0].id,
        ours.message.tool_calls[0].arguments,
    )
    assert items[0].encrypted_content == ours.message.native[0]["encrypted_content"]
    usage = events[-1].response.usage
    assert usage.input_tokens == ours.usage.input + ours.usage.cache_read
    assert usage.output_tokens_details.reasoning_tokens == ours.usage.reasoning


def test_openais_client_agrees_on_chat_completions(url: str) -> None:
    import openai

    client = openai.OpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0)
    chunks = list(client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True))
    ours = examples.read(examples.CHAT, examples.CHATTED)
    arguments: dict[int, str] = {}
    for chunk in chunks:
        for call in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
            arguments[call.index] = arguments.get(call.index, "") + (call.function.arguments or "")
    assert list(arguments.values()) == [call.arguments for call in ours.message.tool_calls]
    assert chunks[-1].usage.prompt_tokens == ours.usage.input + ours.usage.cache_read
