"""Our adapters against a model and a server that nobody here wrote: equal actions over all formats, and verdicts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from live_model.episode import Action, play, specs, variety
from live_model.server import LiveServer
from runner.errors import ModelFault
from runner.messages import UserMessage
from runner.models.base import Opening
from runner.models.formats.base import FormatName
from runner.models.provider.endpoints import Endpoint
from runner.models.provider.model import ProviderModel, Service

FORMATS: tuple[FormatName, ...] = ("chat", "responses", "messages")
PROGRAM = str(Path(sys.executable).with_name("taskfit"))
TURNS = 4
TOKENS = 96


def model(live: LiveServer, form: FormatName) -> ProviderModel:
    endpoint = Endpoint(
        base_url=f"{live.url}/v1",
        model=live.model,
        format=form,
        max_output_tokens=TOKENS,
        max_tokens_key="max_tokens",
        temperature=0.0,
    )
    return Service.of("live/m", endpoint, "")(Opening(scenario="s", seed=1, reference=dict))


@pytest.fixture(scope="module")
def episodes(live: LiveServer) -> dict[str, list[list[Action]]]:
    """The calls of one episode at temperature 0 over each format, each begun without what went before."""
    found = {}
    for form in FORMATS:
        live.forget()
        found[form] = play(model(live, form), TURNS)
    return found


def test_one_episode_takes_identical_actions_over_all_three_formats(episodes: dict[str, list[list[Action]]]) -> None:
    assert episodes["chat"] == episodes["responses"] == episodes["messages"]
    assert sum(map(len, episodes["chat"])) >= 2, "the model did call tools"
    assert variety(episodes["chat"]) >= 1


@pytest.mark.parametrize("form", FORMATS)
def test_a_call_is_recorded_with_its_usage_times_and_model(live: LiveServer, form: FormatName) -> None:
    reply = model(live, form).reply([UserMessage(text="Say hello.")], specs())
    call = reply.call
    assert call is not None
    assert 0 < reply.usage.output <= TOKENS
    assert reply.usage.input + reply.usage.cache_read > 100, "the tools alone are longer"
    firsts = [first for first in (call.first_text, call.first_tool, call.first_reasoning) if first is not None]
    assert firsts and all(0 < first <= call.latency for first in firsts)
    assert reply.model_id == live.model
    assert call.raw_usage and call.response_id


@pytest.mark.parametrize("form", FORMATS)
def test_a_conversation_that_does_not_fit_is_the_requests_fault_at_once(live: LiveServer, form: FormatName) -> None:
    with pytest.raises(ModelFault, match="does not take this request"):
        model(live, form).reply([UserMessage(text="many words " * 12_000)], [])


@pytest.mark.engine
def test_trials_over_each_format_finish_with_a_verdict(
    live: LiveServer, write_scenario: Callable[..., Path], tmp_path: Path
) -> None:
    scenario = write_scenario()
    manifest = scenario / "scenario.toml"
    manifest.write_text(manifest.read_text().replace("[limits]", "[limits]\nturns = 2"))
    study = tmp_path / "study.toml"
    common = f'base_url = "{live.url}/v1"\nmodel = "{live.model}"\ntemperature = 0.0\nmax_output_tokens = {TOKENS}\n'
    common += 'max_tokens_key = "max_tokens"\nprice = { input = 0.0, output = 0.0 }\n'
    tables = "".join(f'[models.{form}]\nformat = "{form}"\n{common}' for form in FORMATS)
    study.write_text(f'schema = 1\nscenarios = ["{scenario.parent}"]\nconcurrency = 1\n{tables}')
    argv = [PROGRAM, "run", str(study), "--out", str(tmp_path / "run"), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    trials = json.loads(done.stdout)["trials"]
    assert {trial["key"]["model"] for trial in trials} == set(FORMATS)
    for trial in trials:
        assert trial["verdict"] in ("resolved", "unresolved", "agent_limit")
        assert trial["usage"]["output"] > 0
        assert trial["times"]["model"] > 0
