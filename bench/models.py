"""What an adapter adds to a call: the same recorded stream read by it, and by bare httpx."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from bench.rows import Row, alternate
from runner.messages import ToolSpec, UserMessage
from runner.models.base import Opening
from runner.models.provider.endpoints import Endpoint, Price
from runner.models.provider.model import Service, request_body

DELTAS = 300
PACE = 0.005
"""Seconds between two deltas, as a fast provider sends them."""
TOOLS = [ToolSpec(name="read", description="Read.", parameters={"type": "object", "properties": {}})]
ASKED = [UserMessage(text="x" * 20_000)]


def adapter_overhead() -> list[Row]:
    """At once, where all that is measured is work; and at a provider's pace, as a user meets it."""
    with _serving(pace=0.0) as url:
        ours, bare = _both(url)
        at_once = alternate(ours, bare, rounds=31)
    with _serving(pace=PACE) as url:
        ours, bare = _both(url)
        paced = alternate(ours, bare, rounds=3)
    return [
        Row(f"adapter: added to a call of {DELTAS} deltas", max(0.0, at_once[0] - at_once[1]), "s", None, 0.005),
        Row("adapter: the same at a provider's pace", paced[0], "s", paced[1], 1.2),
    ]


def _both(url: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    endpoint = Endpoint(base_url=url, model="m", price=Price(input=1.0, output=1.0))
    model = Service.of("bench/m", endpoint, "")(Opening(scenario="s", seed=1, reference=dict))
    client = httpx.Client()

    def bare() -> int:
        body = request_body(endpoint, ASKED, TOOLS)
        with client.stream("POST", f"{url}/chat/completions", content=body) as response:
            return sum(map(len, response.iter_bytes()))

    return lambda: model.reply(ASKED, TOOLS), bare


@contextmanager
def _serving(pace: float) -> Iterator[str]:
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"content": f"word {number} "}}]} for number in range(DELTAS)
    ]
    chunks += [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
    chunks += [{"choices": [], "usage": {"prompt_tokens": 5000, "completion_tokens": DELTAS}}]
    events = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("content-length", str(sum(map(len, events))))
            self.end_headers()
            for event in events if pace else [b"".join(events)]:
                self.wfile.write(event)
                time.sleep(pace)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
