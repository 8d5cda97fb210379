"""A real HTTP server that answers what a test tells it to, byte for byte."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from runner.models.base import Opening
from runner.models.provider.endpoints import Endpoint, Price
from runner.models.provider.model import Service

SSE = {"content-type": "text/event-stream"}


@dataclass
class Answer:
    """One answer. `cut` closes the connection after so many bytes of the body; `drip` sleeps between bytes' pieces."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: dict(SSE))
    cut: int | None = None
    drip: float = 0.0


Plan = Callable[[int, dict[str, Any]], Answer]
"""Number of the request, from 0, and its body → the answer."""


class ScriptedServer:
    """Answers by plan; remembers each request's path, headers and body."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with outer._lock:
                    number = len(outer.requests)
                    outer.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.answer(outer.plan(number, body))

            def answer(self, answer: Answer) -> None:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                whole = answer.body if answer.cut is None else answer.body[: answer.cut]
                for place in range(0, len(whole), 7 if answer.drip else max(1, len(whole))):
                    self.wfile.write(whole[place : place + 7] if answer.drip else whole)
                    self.wfile.flush()
                    time.sleep(answer.drip)
                if answer.cut is not None:
                    self.close_connection = True

            def log_message(self, *_: Any) -> None: ...

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

            def handle_error(self, *_: Any) -> None:
                """Clients of these tests are killed in the middle, on purpose."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[[Plan], ScriptedServer]]:
    servers: list[ScriptedServer] = []

    def make(plan: Plan) -> ScriptedServer:
        servers.append(ScriptedServer(plan))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def events(*payloads: object) -> bytes:
    """A stream of unnamed events, ended as Chat Completions ends it."""
    lines = [f"data: {json.dumps(payload)}\n\n" for payload in payloads]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


def chat(text: str = "hello", tokens: int = 5) -> bytes:
    """A whole answer of Chat Completions."""
    return events(
        {"id": "c1", "model": "served", "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}}]},
        {"id": "c1", "model": "served", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"id": "c1", "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": tokens}},
    )


@pytest.fixture
def answers() -> Callable[..., Answer]:
    def make(body: bytes | None = None, **how: Any) -> Answer:
        return Answer(chat() if body is None else body, **how)

    return make


@pytest.fixture
def chat_body() -> Callable[..., bytes]:
    return chat


@pytest.fixture
def opening() -> Opening:
    return Opening(scenario="s", seed=1, reference=dict)


@pytest.fixture
def service() -> Callable[..., Service]:
    def make(server: ScriptedServer, **settings: Any) -> Service:
        key = settings.pop("key", "planted-key-123")
        price = settings.pop("price", Price(input=1.0, output=2.0))
        endpoint = Endpoint(base_url=server.url, model="m", price=price, **settings)
        made = Service.of("test/m", endpoint, key)
        return Service(made.name, made.endpoint, made.key, made.pricing, made.price, first_pause=0.01)

    return make
