"""A cap holds to the cent: with eight threads, answers that break off, and a process that is killed at any time."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.messages import Usage
from runner.models.provider.endpoints import Endpoint, Price
from runner.models.provider.prices import most, pricing_of
from runner.runs.ledger import Ledger

CAP = 0.05
RUNS = int(os.environ.get("TASKFIT_SEEDED_RUNS", "6"))
SPENDER = Path(__file__).with_name("spender.py")
PRICE = {"input": 0.2, "output": 10.0}


def bill(usage: dict[str, int]) -> float:
    return (usage["prompt_tokens"] * PRICE["input"] + usage["completion_tokens"] * PRICE["output"]) / 1e6


@pytest.mark.parametrize("seed", range(RUNS))
def test_a_cap_holds_whenever_the_process_is_killed(
    serve: Callable[..., Any], answers: Callable[..., Any], tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    billed: list[float] = []
    lock = threading.Lock()

    def plan(number: int, body: dict[str, Any]) -> Any:
        """Answers cost up to what they may; some break off after they were paid for, some are refused for nothing."""
        with lock:
            fate, tokens = chance.random(), chance.randint(1, body["max_completion_tokens"])
        if fate < 0.1:
            return answers(b"{}", status=503)
        usage = {"prompt_tokens": len(json.dumps(body)) // chance.choice([2, 4]), "completion_tokens": tokens}
        with lock:
            billed.append(bill(usage))
        call = {"index": 0, "id": f"c{number}", "function": {"name": "list_files", "arguments": "{}"}}
        chunks = [
            {"choices": [{"delta": {"tool_calls": [call]}}]},
            {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]},
            {"choices": [], "usage": usage},
        ]
        stream = b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks)
        return answers(stream, cut=60 if fate > 0.9 else None)

    server = serve(plan)
    ledger_file = tmp_path / "ledger.sqlite"
    argv = [sys.executable, str(SPENDER), server.url, str(ledger_file), str(CAP)]
    for _ in range(3):
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(chance.uniform(0.0, 0.5))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, timeout=400)
    ledger = Ledger(ledger_file)
    assert ledger.committed() <= CAP
    assert sum(billed) <= CAP
    assert ledger.committed() > CAP / 2, "the cap was reached at all"
    assert len(billed) > 5


def test_a_call_can_never_cost_more_than_was_reserved_for_it() -> None:
    chance = random.Random(3)
    for price in (Price(input=1.0, output=4.0), Price(input=5.0, output=25.0, cache_read=0.5, cache_write=6.25)):
        endpoint = Endpoint(base_url="http://localhost/v1", model="m", price=price)
        pricing, _ = pricing_of("test", endpoint)
        assert pricing is not None
        for _ in range(500):
            size, output = chance.randint(1, 100_000), chance.randint(1, 10_000)
            cuts = sorted(chance.randint(0, size) for _ in range(2))
            usage = Usage(input=cuts[0], cache_read=cuts[1] - cuts[0], cache_write=size - cuts[1], output=output)
            assert pricing(usage) <= most(pricing, size, output) + 1e-12


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("anthropic/claude-opus-4-7", True),
        ("openai/gpt-5.5", True),
        ("local/anything", True),
        ("qwen/no-such-model-at-all", False),
    ],
)
def test_prices_come_from_a_dated_list_or_are_unknown(name: str, known: bool) -> None:
    provider, _, model = name.partition("/")
    pricing, source = pricing_of(provider, Endpoint(base_url="http://localhost/v1", model=model))
    assert (pricing is not None) is known
    assert bool(source) is known
    if pricing and provider != "local":
        assert pricing(Usage(input=1000)) > pricing(Usage(cache_read=1000)) > 0
