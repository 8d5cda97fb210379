"""A provider behind HTTP that mends what it is paid for, and misbehaves by a seed.

It answers Chat Completions as a stream, after a wait. What it says follows from the request alone: the instruction
tells the scenario, the number of answers so far the turn. So whatever goes wrong on the way, a verdict is known.
"""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.checkout import base_tree, changes, solved_tree

TROUBLES = {
    "rate_limit": 0.04,
    "server_error": 0.03,
    "overloaded": 0.02,
    "cut": 0.015,
    "closed": 0.01,
    "stall": 0.003,
    "no_stream": 0.005,
    "garbage": 0.01,
}
"""What goes wrong → in which share of the requests."""
STALL_SECONDS = 320.0
"""Longer than a client waits for a byte."""

Script = Sequence[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Outage:
    """A time in which a model is not served at all; seconds from the start."""

    model: str
    begins: float
    ends: float


def script(found: ScenarioFolder, fixes: bool) -> Script:
    """What a model does, call by call: looks, mends (or does not), tests, submits."""
    base = base_tree(found)
    fix = {path: entry.data.decode() for path, entry in changes(base, solved_tree(found, base)).items() if entry}
    looks = [("list_files", {}), *[("read_file", {"path": path}) for path in fix if path in base]]
    writes = [("write_file", {"path": path, "content": text}) for path, text in fix.items()] if fixes else []
    ends = [("run_tests", {}), ("submit", {"summary": "done", "confidence": 0.9 if fixes else 0.2})]
    return [*looks, *writes, *ends]


def fixes(model: str, scenario: str) -> bool:
    """Whether a model of this provider mends a scenario: about half of them, drawn by both names."""
    return hashlib.sha256(f"{model}/{scenario}".encode()).digest()[0] % 2 == 0


@dataclass
class Provider:
    """A server on a port of its own; `with` it."""

    scenarios: Sequence[ScenarioFolder]
    models: Sequence[str]
    pace: float
    """Mean seconds of waiting for an answer; each is drawn from half of it to one and a half."""
    outages: Sequence[Outage] = ()
    seed: int = 8
    met: Counter[str] = field(default_factory=Counter)
    """What went wrong → how often; answers that went well are `served`."""
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._scripts = {
            (model, each.instruction.strip()): script(each, fixes(model, each.id))
            for each in self.scenarios
            for model in self.models
        }
        self._lock, self._random = threading.Lock(), random.Random(self.seed)

    def __enter__(self) -> Provider:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                provider.answer(self, json.loads(self.rfile.read(int(self.headers["content-length"]))))

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients go in the middle
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, to: BaseHTTPRequestHandler, asked: dict[str, Any]) -> None:
        """Answer a request, or fail to."""
        with self._lock:
            trouble = self._drawn(asked["model"])
            self.met[trouble] += 1
            pause = self.pace * self._random.uniform(0.5, 1.5)
            asks = self._random.uniform(2, 20)
        match trouble:
            case "outage" | "closed":
                to.close_connection = True
            case "rate_limit":
                _error(to, 429, "slow down", {"retry-after": f"{asks:.0f}"})
            case "server_error" | "overloaded":
                _error(to, 500 if trouble == "server_error" else 529, "try again")
            case "stall":
                time.sleep(STALL_SECONDS)
                to.close_connection = True
            case "no_stream":
                _send(to, b"<html>a gateway's page</html>", "text/html")
            case _:
                time.sleep(pause)
                whole = _stream(*self._call(asked, trouble == "garbage"), turn=_turn(asked))
                _send(to, whole, "text/event-stream", cut=len(whole) // 2 if trouble == "cut" else None)

    def _drawn(self, model: str) -> str:
        now = time.monotonic() - self.began
        if any(each.model == model and each.begins <= now < each.ends for each in self.outages):
            return "outage"
        return self._random.choices([*TROUBLES, "served"], [*TROUBLES.values(), 1 - sum(TROUBLES.values())])[0]

    def _call(self, asked: dict[str, Any], garbage: bool) -> tuple[str, str]:
        """A tool's name and its arguments as text; garbage costs a turn, and the turn after it says what was due."""
        users = (str(each["content"]).strip() for each in asked["messages"] if each["role"] == "user")
        first = next(users)
        scripts = [found for (model, told), found in self._scripts.items() if model == asked["model"] and told in first]
        name, arguments = scripts[0][min(_good_turns(asked), len(scripts[0]) - 1)]
        return name, '{"path": ' if garbage else json.dumps(arguments)


def _turn(asked: dict[str, Any]) -> int:
    return sum(each["role"] == "assistant" for each in asked["messages"])


def _good_turns(asked: dict[str, Any]) -> int:
    """Answers so far that were calls: what was garbage is told so by the harness, in whatever words it repeats it."""
    told = [each for each in asked["messages"] if each["role"] == "tool"]
    return _turn(asked) - sum("no valid JSON" in str(each["content"]) for each in told)


def _stream(name: str, arguments: str, turn: int) -> bytes:
    call = {"index": 0, "id": f"c{turn}", "function": {"name": name, "arguments": arguments}}
    chunks = [
        {"model": "served", "choices": [{"delta": {"content": "I go on."}}]},
        {"choices": [{"delta": {"tool_calls": [call]}}]},
        {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]},
        {"choices": [], "usage": {"prompt_tokens": 3000, "completion_tokens": 200}},
    ]
    return b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks) + b"data: [DONE]\n\n"


def _error(to: BaseHTTPRequestHandler, status: int, said: str, headers: Mapping[str, str] | None = None) -> None:
    _send(to, json.dumps({"error": {"message": said}}).encode(), "application/json", status, headers)


def _send(
    to: BaseHTTPRequestHandler,
    body: bytes,
    kind: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    cut: int | None = None,
) -> None:
    to.send_response(status)
    for name, value in {"content-type": kind, "content-length": str(len(body)), **(headers or {})}.items():
        to.send_header(name, value)
    to.end_headers()
    to.wfile.write(body[:cut])
    to.close_connection = cut is not None or to.close_connection
