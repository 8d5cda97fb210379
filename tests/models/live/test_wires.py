"""The server and its model do what the tests of the adapters rely on: three formats, streams, tools, one answer."""

from __future__ import annotations

import json

import pytest

from live_model.raw import ISSUE, TOOLS, WIRES, ask
from live_model.server import LiveServer

RESULT = "1\tdef double(x):\n2\t    return x + 2"


@pytest.mark.parametrize("name", WIRES)
def test_a_call_its_result_and_the_next_turn_go_over_every_format(live: LiveServer, name: str) -> None:
    wire = WIRES[name]
    body = wire.first()
    events = ask(live.url, wire, body)
    assert wire.ended(events)
    calls = wire.calls(events)
    assert calls
    for call in calls:
        (tool,) = [tool for tool in TOOLS if tool["name"] == call.name]
        assert set(json.loads(call.arguments)) <= set(tool["parameters"]["properties"])
    events = ask(live.url, wire, wire.then(body, calls, RESULT))
    assert wire.ended(events)
    shown = live.prompts()[-1]
    assert f"<tool_response>\n{RESULT}\n</tool_response>" in shown
    assert shown.index(ISSUE) < shown.rindex(f'<tool_call>\n{{"name": "{calls[0].name}"') < shown.index(RESULT)
    assert min(wire.tokens(events)) > 0


def test_the_same_question_is_the_same_prompt_and_gets_the_same_calls_over_every_format(live: LiveServer) -> None:
    made, shown = {}, set()
    for name, wire in WIRES.items():
        live.forget()
        events = ask(live.url, wire, wire.first())
        made[name] = ([(call.name, json.loads(call.arguments)) for call in wire.calls(events)], wire.tokens(events))
        shown.add(live.prompts()[-1])
    assert made["chat"] == made["responses"] == made["messages"]
    assert made["chat"][0]
    assert len(shown) == 1


@pytest.mark.parametrize("name", WIRES)
def test_the_model_is_shown_every_tool_with_its_schema(live: LiveServer, name: str) -> None:
    ask(live.url, WIRES[name], WIRES[name].first())
    shown = live.prompts()[-1]
    assert shown.endswith("<|im_start|>assistant\n")
    for tool in TOOLS:
        assert json.dumps(tool) in shown
