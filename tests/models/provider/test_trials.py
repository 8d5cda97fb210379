"""Whole runs against a provider: verdicts, money, recordings, and keys that are nowhere."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.program import taskfit
from runner.runs.ledger import Ledger

pytestmark = pytest.mark.engine
KEY = "planted-secret-key-7f3a"
FIXED = "def double(x):\n    return x * 2\n\n\ndef triple(x):\n    return x * 3\n"
TURNS: list[tuple[str, dict[str, Any]]] = [
    ("read_file", {"path": "src/calc.py"}),
    ("write_file", {"path": "src/calc.py", "content": FIXED}),
    ("run_tests", {}),
    ("submit", {"summary": f"Fixed; the key is {KEY}.", "confidence": 0.9}),
]


def chat(turn: int) -> bytes:
    """The turn as Chat Completions streams it."""
    name, arguments = TURNS[turn]
    call = {"index": 0, "id": f"c{turn}", "function": {"name": name, "arguments": json.dumps(arguments)}}
    chunks = [
        {"model": "served", "choices": [{"delta": {"content": "Well."}}]},
        {"choices": [{"delta": {"tool_calls": [call]}}]},
        {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]},
        {"choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 100}},
    ]
    return b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks)


def messages(turn: int) -> bytes:
    """The turn as Anthropic Messages streams it."""
    name, arguments = TURNS[turn]
    block = {"type": "tool_use", "id": f"c{turn}", "name": name, "input": {}}
    delta = {"type": "input_json_delta", "partial_json": json.dumps(arguments)}
    events = [
        {"type": "message_start", "message": {"id": "m", "model": "served", "usage": {"input_tokens": 1000}}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 100}},
        {"type": "message_stop"},
    ]
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def responses(turn: int) -> bytes:
    """The turn as OpenAI Responses streams it."""
    name, arguments = TURNS[turn]
    item = {"type": "function_call", "id": "f", "call_id": f"c{turn}", "name": name, "arguments": json.dumps(arguments)}
    ended = {"id": "r", "model": "served", "status": "completed", "usage": {"input_tokens": 1000, "output_tokens": 100}}
    events: list[dict[str, Any]] = [
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": ended},
    ]
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def turn_of(body: dict[str, Any]) -> int:
    """How often the model has answered, from the request alone, whatever its format."""
    return sum(
        item.get("role") == "assistant" or item.get("type") == "function_call"
        for item in body.get("messages") or body["input"]
    )


@pytest.fixture
def run(tmp_path: Path, write_scenario: Callable[..., Path]) -> Callable[..., tuple[Path, Any]]:
    """`taskfit run` of a study over one tiny scenario, as a process; returns the run's folder and the process."""
    scenario = write_scenario()

    def make(*models: str, tables: str = "", budget: str = "", resume: Path | None = None) -> tuple[Path, Any]:
        out = resume or tmp_path / f"run-{uuid.uuid4().hex[:8]}"
        study = tmp_path / f"{out.name}.toml"
        study.write_text(
            f'schema = 1\nname = "s"\nscenarios = ["{scenario.parent}"]\n{budget}\n'
            + "".join(f'[models."{model}"]\n' for model in models)
            + tables
        )
        words = ["resume", str(out)] if resume else ["run", str(study), "--out", str(out)]
        return out, taskfit(*words, cwd=tmp_path, env=os.environ | {"TEST_KEY": KEY})

    return make


def table(url: str, form: str, more: str = "") -> str:
    return (
        f'[models.{form}]\nbase_url = "{url}"\nmodel = "m"\nformat = "{form}"\nkey_variable = "TEST_KEY"\n{more}\n'
        f"[models.{form}.price]\ninput = 1.0\noutput = 2.0\n"
    )


def results(out: Path) -> dict[str, dict[str, Any]]:
    found = [json.loads(file.read_text()) for file in out.glob("trials/*/result.json")]
    return {result["key"]["model"]: result for result in found}


def test_each_format_carries_a_trial_to_its_verdict_and_no_key_is_written_anywhere(
    run: Callable[..., Any], serve: Callable[..., Any], answers: Callable[..., Any], tmp_path: Path
) -> None:
    make = {"chat/completions": chat, "messages": messages, "responses": responses}
    server = serve(lambda number, body: answers(make[server.requests[number][0].removeprefix("/v1/")](turn_of(body))))
    out, done = run(tables="".join(table(server.url, form) for form in ("chat", "messages", "responses")))
    found = results(out)
    assert {name: result["verdict"] for name, result in found.items()} == dict.fromkeys(
        ("chat", "messages", "responses"), "resolved"
    ), done.stderr
    for result in found.values():
        assert result["cost_usd"] == pytest.approx(4 * (1000 * 1 + 100 * 2) / 1e6)
        assert result["usage"]["output"] == 400
    assert {sent.get("authorization") or sent["x-api-key"] for _, sent, _ in server.requests} == {f"Bearer {KEY}", KEY}
    written = [file for file in [*out.rglob("*"), *tmp_path.glob("*.toml")] if file.is_file()]
    assert len(list(out.glob("trials/*/exchanges/*.answer"))) == 12
    assert [file.name for file in written if KEY.encode() in file.read_bytes()] == []
    assert KEY not in done.stdout + done.stderr


def test_a_recorded_trial_runs_again_without_its_provider(
    run: Callable[..., Any], serve: Callable[..., Any], answers: Callable[..., Any]
) -> None:
    server = serve(lambda number, body: answers(chat(turn_of(body))))
    first, done = run(tables=table(server.url, "chat"))
    assert results(first)["chat"]["verdict"] == "resolved", done.stderr
    server.close()
    again, done = run(f"replay:{first}")
    assert [result["verdict"] for result in results(again).values()] == ["resolved"], done.stderr
    exchange = next(first.glob("trials/*/exchanges/0002.request.json"))
    exchange.write_text(exchange.read_text().replace("read_file", "read_life"))
    other, _ = run(f"replay:{first}")
    [result] = results(other).values()
    assert result["verdict"] == "infra_error"
    assert "recorded for another request" in result["reason"] and "read_life" in result["reason"]


def test_a_provider_that_refuses_stops_its_own_trials_and_no_others(
    run: Callable[..., Any], serve: Callable[..., Any], answers: Callable[..., Any]
) -> None:
    refusal = json.dumps({"error": {"code": "insufficient_quota", "message": f"pay; key {KEY}"}}).encode()
    server = serve(lambda number, body: answers(refusal, status=429))
    out, done = run("noop", tables=table(server.url, "chat"))
    assert done.returncode == 1
    assert {name: result["verdict"] for name, result in results(out).items()} == {"noop": "unresolved"}
    assert "no further trial of chat" in done.stderr and "insufficient_quota" in done.stderr
    assert KEY not in done.stderr and "Traceback" not in done.stderr
    assert len(server.requests) == 1
    server.plan = lambda number, body: answers(chat(turn_of(body)))
    _, done = run(resume=out)
    assert results(out)["chat"]["verdict"] == "resolved", done.stderr


def test_calls_left_as_text_and_cut_turns_are_counted_and_explained(
    run: Callable[..., Any], serve: Callable[..., Any], answers: Callable[..., Any]
) -> None:
    texts = ['<tool_call>{"name": "read_file", "arguments": {}}</tool_call>', "Thinking on and on"]

    def said(number: int) -> bytes:
        finish = ["stop", "length"][number]
        chunk = {"choices": [{"delta": {"content": texts[number]}, "finish_reason": finish}]}
        return f"data: {json.dumps(chunk)}\n\n".encode()

    server = serve(lambda number, body: answers(said(number) if number < 2 else chat(3)))
    out, done = run(tables=table(server.url, "chat"))
    [result] = results(out).values()
    assert (result["verdict"], result["counts"]["invalid"]) == ("unresolved", 1), done.stderr
    told = [message["content"] for message in server.requests[-1][2]["messages"] if message["role"] == "user"]
    assert "as text" in told[1] and "cut at the output limit" in told[2]


def test_a_model_without_a_price_is_capped_by_tokens(
    run: Callable[..., Any], serve: Callable[..., Any], answers: Callable[..., Any]
) -> None:
    server = serve(lambda number, body: answers(chat(0)))
    unpriced = table(server.url, "chat", "max_output_tokens = 2000").partition("[models.chat.price]")[0]
    out, done = run(tables=unpriced, budget="[budget]\ntokens = 30_000")
    assert "no price is known for chat" in done.stderr
    assert results(out) == {}, "a cap of the run's is no model's failure"
    assert "1 trials stay planned" in done.stderr and "of 30000 are used or reserved" in done.stderr
    assert done.returncode == 4
    assert 0 < Ledger(out / "ledger.sqlite").committed_tokens() <= 30_000


@pytest.mark.parametrize(
    ("tables", "budget", "said"),
    [
        ('[models.x]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\nkey_variable = "NO_SUCH"\n', "", "NO_SUCH"),
        ('[models.x]\nbase_url = "ftp://x"\nmodel = "m"\n', "", "models.x.base_url"),
        ('[models.x]\nbase_url = "http://127.0.0.1:9/v1"\n', "", "models.x.model: is missing"),
        ('[models.x]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n', "[budget]\nusd = 1.0", "no price is known"),
        ('[models."openai/gpt-5.5"]\n', "", "OPENAI_API_KEY"),
    ],
)
def test_what_is_wrong_in_a_models_table_is_said_before_anything_runs(
    run: Callable[..., Any], tables: str, budget: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    out, done = run(tables=tables, budget=budget)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (out / "study.lock.json").exists()


def test_a_check_says_what_works(serve: Callable[..., Any], answers: Callable[..., Any], tmp_path: Path) -> None:
    server = serve(lambda number, body: answers(chat(0)))
    study = tmp_path / "study.toml"
    study.write_text(f"schema = 1\n{table(server.url, 'chat')}")
    words = ("models", "check", "chat", "--study", str(study), "--json")
    done = taskfit(*words, env=os.environ | {"TEST_KEY": KEY})
    found = json.loads(done.stdout)
    assert (found["tools"], found["parallel calls"], found["served model"]) == (True, False, "served")
    assert found["cost in USD"] == pytest.approx(2 * 0.0012)
    assert len(server.requests) == 2
