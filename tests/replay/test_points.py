"""Where a trial can be forked, and how its conversation is told to another model, in every wire format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from typer.testing import CliRunner

from runner.cli import app
from runner.errors import FileProblem, UserError
from runner.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from runner.models.formats.base import FormatName, Settings
from runner.models.formats.chat import CHAT
from runner.models.formats.messages import MESSAGES
from runner.models.formats.responses import RESPONSES
from runner.replay.forks import Fork
from runner.replay.origin import Recorded
from runner.replay.points import (
    CONVERSATION,
    Place,
    Used,
    conversation,
    for_another,
    fork_step,
    points,
    prefix_digest,
    used,
)
from runner.replay.rebuilding import rebuild
from runner.replay.rerun import Replayer
from runner.runs.folder import LOCK

FORMATS = {each.name: each for each in (CHAT, MESSAGES, RESPONSES)}
MakeTrial = Callable[..., Path]
READ = ToolCall.of("r", "read_file", path="src/calc.py")
SAID: list[Message] = [
    UserMessage(text="fix it"),
    AssistantMessage(
        tool_calls=(ToolCall.of("functions.read:0", "read_file", path="a"), ToolCall.of("", "odd tool\n")),
        native=({"type": "thinking", "signature": "s"},),
        native_format="messages",
    ),
    ToolMessage(call_id="functions.read:0", text="one"),
    ToolMessage(call_id="", text="two", is_error=True),
    AssistantMessage(text="again", tool_calls=(ToolCall.of("functions.read:0", "x" * 200),)),
    ToolMessage(call_id="functions.read:0", text="three"),
    AssistantMessage(text=""),
    UserMessage(text="call a tool"),
]


def test_another_model_is_told_of_calls_by_ids_and_names_that_every_provider_takes() -> None:
    told = for_another(SAID)
    calls = [call for message in told if isinstance(message, AssistantMessage) for call in message.tool_calls]
    assert [call.id for call in calls] == ["earlier-1", "earlier-2", "earlier-3"]
    assert [call.name for call in calls] == ["read_file", "odd_tool_", "x" * 64]
    answers = [(m.call_id, m.text, m.is_error) for m in told if isinstance(m, ToolMessage)]
    assert answers == [("earlier-1", "one", False), ("earlier-2", "two", True), ("earlier-3", "three", False)]
    assert all(not m.native and not m.native_format for m in told if isinstance(m, AssistantMessage))
    assert for_another(told) == told


@pytest.mark.parametrize("name", FORMATS)
def test_it_is_a_request_of_each_wire_format(name: FormatName) -> None:
    body = str(FORMATS[name].body(for_another(SAID), [], Settings(model="m")))
    assert body.count("earlier-1") == 2 and "functions.read" not in body and "signature" not in body


def test_a_trial_is_forked_where_a_turn_begins(make_trial: MakeTrial) -> None:
    recorded = Recorded.of(make_trial(READ, READ))
    found = points(recorded.events)
    assert len(found) == 3
    assert fork_step(recorded, None) == (found[-1], "")
    assert fork_step(recorded, found[1]) == (found[1], "")
    at, note = fork_step(recorded, found[1] + 2)
    assert at == found[1] and "in the middle of the turn" in note
    for step in (0, len(recorded.events)):
        with pytest.raises(UserError, match=rf"it can be forked at {', '.join(map(str, found))}"):
            fork_step(recorded, step)
    assert used(recorded.events, found[1], Used(turns=5)).turns == 6
    assert len({prefix_digest(recorded.events, step) for step in found}) == 3


def test_a_submission_that_goes_on_from_itself_is_refused(make_trial: MakeTrial) -> None:
    trial = make_trial(READ)
    lines = (trial / "events.jsonl").read_text().splitlines()
    key = '{"scenario": "doubling", "model": "scripted", "repeat": 1}'
    submission = '{"summary": "x", "confidence": 0.5}'
    text = f'{{"step": 1, "type": "branched", "trunk": {key}, "trunk_step": 0, "resolved": false, '
    (trial / "events.jsonl").write_text(f'{lines[0]}\n{text}"submission": {submission}}}\n')
    recorded = Recorded.of(trial)
    with pytest.raises(FileProblem, match="goes on from a submission itself"):
        conversation(recorded, 2)


@pytest.mark.parametrize(
    "text", ["", "@3", "trial", "trial@", "trial@-1", "trial@x", "trial@٣", "trial@1e3", "t@99999999999"]
)
def test_what_is_no_trial_and_step_is_said(text: str) -> None:
    with pytest.raises(UserError, match="TRIAL@STEP"):
        Place.parse(text)


def test_a_folder_may_hold_an_at_sign() -> None:
    assert Place.parse("a@b/trial@12") == Place(Path("a@b/trial"), 12)
    assert Place.parse("trial@end").step is None


def test_a_fork_removes_what_an_earlier_plan_left_and_no_file_of_anybody_elses(
    make_trial: MakeTrial, tmp_path: Path
) -> None:
    trial = make_trial(READ)
    forks = {"early": Fork(trials=(f"{trial}@end",))}
    run = tmp_path / "fork"
    left = run / "forks" / "early" / "1" / CONVERSATION
    mine = [run / "forks" / name for name in ("early/notes.txt", "another/notes.txt")]
    for file in (left, *mine):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("kept")

    def plan() -> str:
        with pytest.raises(UserError) as error:
            rebuild(run, forks, {}, cast("Replayer", None))  # stops before anything is replayed: no scenario is there
        return str(error.value)

    assert "notes.txt is in the way of a fork" in plan() and left.exists()
    mine[0].unlink()
    assert "not among this run's" in plan()
    assert not left.exists() and mine[1].read_text() == "kept"
    left.parent.mkdir(parents=True)
    left.symlink_to(mine[1])
    assert "in the way" in plan() and mine[1].exists()


def test_a_fork_sends_keys_to_no_address_that_a_recorded_run_names_unless_it_is_told_to(
    make_trial: MakeTrial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    trial = make_trial(READ)
    file = trial.parents[1] / LOCK
    theirs = {"base_url": "https://elsewhere.example/v1", "model": "m", "key_variable": "OPENAI_API_KEY"}
    tables: dict[str, object] = {"openai/gpt-5.5": theirs, "house": theirs | {"key_variable": ""}, "odd": 3}

    def fork(model: str, *words: str, **study: object) -> str:
        file.write_text(json.dumps(json.loads(file.read_text()) | {"study": {"endpoints": tables} | study}))
        out = str(trial.parents[2] / "fork")
        done = CliRunner().invoke(app, ["fork", f"{trial}@end", "--model", model, "--out", out, *words])
        assert isinstance(done.exception, UserError), done.output
        return str(done.exception)

    told = "asks openai/gpt-5.5 at https://elsewhere.example/v1 with the key in OPENAI_API_KEY: write --endpoints"
    assert told in fork("openai/gpt-5.5")
    assert "asks house at https://elsewhere.example/v1: write --endpoints" in fork("house")
    assert "asks house" in fork("oracle", approver="reviewer:house>policy")
    assert "asks odd at None" in fork("odd")
    assert "no model named 'house'" in fork("house", "--no-endpoints")
    assert "OPENAI_API_KEY" in fork("openai/gpt-5.5", "--no-endpoints"), "the provider's own address, and its key"
