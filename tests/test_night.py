"""The provider of the bench's night says what its script has, whatever went wrong before."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from bench.provider import Outage, Provider, fixes, script
from runner.scenarios.catalog import ScenarioFolder


def turns(provider: Provider, found: ScenarioFolder, garbage: int) -> list[tuple[str, str]]:
    """What it calls, turn by turn, where the call of one turn arrives as garbage."""
    said: list[dict[str, Any]] = [{"role": "user", "content": f"Issue: {found.instruction}"}]
    calls: list[tuple[str, str]] = []
    while not calls or calls[-1][0] != "submit" or len(calls) - 1 == garbage:
        name, arguments = provider._call({"model": "steady", "messages": said}, len(calls) == garbage)
        calls.append((name, arguments))
        broken = len(calls) - 1 == garbage
        repeated = json.dumps({"malformed_arguments": arguments}) if broken else arguments
        call = {"id": f"c{len(calls)}", "type": "function", "function": {"name": name, "arguments": repeated}}
        told = f"{name}: the arguments are no valid JSON" if broken else "done"
        said += [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "x", "content": told}]
    return calls


def test_a_call_that_arrived_as_garbage_is_made_in_the_next_turn(scenario: ScenarioFolder) -> None:
    provider = Provider([scenario], ["steady"], pace=0.0)
    due = [(name, json.dumps(given)) for name, given in script(scenario, fixes("steady", scenario.id))]
    for garbage in range(len(due)):
        made = turns(provider, scenario, garbage)
        assert made[garbage] == (due[garbage][0], '{"path": ')
        assert made[:garbage] + made[garbage + 1 :] == due


def test_in_an_outage_it_closes_without_a_word(scenario: ScenarioFolder) -> None:
    with Provider([scenario], ["steady"], 0.0, [Outage("steady", 0.0, 60.0)]) as provider:
        asked = {"model": "steady", "messages": [{"role": "user", "content": scenario.instruction}]}
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(f"{provider.url}/chat/completions", json=asked)
        assert provider.met == {"outage": 1}
