"""What a model thought goes into each format's own field, comes back out of it, and is named where it cannot."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, get_args

import pytest

from runner.errors import FileProblem
from runner.events.conversation import Replied
from runner.events.origins import TrialStarted
from runner.messages import AssistantMessage, Reply
from runner.results import TrialKey
from runner.thoughts import thoughts
from runner.trajectories.base import ExportFormat, Foreign, ImportFormat, Losses, Trial
from runner.trajectories.exporting import WRITERS
from runner.trajectories.formats import READERS, sniffed
from runner.trajectories.importing import restore
from runner.trajectories.reading import source

ITEMS: dict[str, tuple[dict[str, Any], ...]] = {
    "messages": ({"type": "thinking", "thinking": "first I look", "signature": "sig"}, {"type": "text", "text": "hi"}),
    "responses": ({"type": "reasoning", "summary": [{"type": "summary_text", "text": "first I look"}]},),
    "chat": ({"reasoning_content": "first I look"},),
    "encrypted": ({"type": "reasoning", "summary": [], "encrypted_content": "abc"},),
    "several": ({"type": "thinking", "thinking": "first"}, {"type": "thinking", "thinking": "then"}),
}
THOUGHT = dict.fromkeys(("messages", "responses", "chat"), "first I look") | {
    "encrypted": "",
    "several": "first\n\nthen",
}
ITEMS_LOST = "turns in their provider's own items, with signatures and encrypted reasoning"


def trial(items: tuple[dict[str, Any], ...]) -> Trial:
    key = TrialKey(scenario="s", model="m", arm="control", repeat=1)
    message = AssistantMessage(text="hi", native=items, native_format="messages")
    turn = Replied(turn=1, reply=Reply(message=message, stop="end_turn"), step=1)
    return Trial(key, [TrialStarted(key=key, attempt=1), turn])


def written(found: Trial, format: ExportFormat, folder: Path) -> tuple[Path, Losses]:
    files: dict[str, bytes] = {}
    losses = Losses(format)
    WRITERS[format]([found], files.__setitem__, losses)
    ((name, data),) = files.items()
    (folder / name).write_bytes(data)
    return folder / name, losses


def read(file: Path, ours: bool = False) -> Foreign:
    """With `ours`, taskfit's own events beside the document are heeded."""
    found = source(file)
    (back,) = READERS[sniffed(found)](found)
    if ours:
        restore(back, found)
    return back


def turn(found: Foreign) -> AssistantMessage:
    (replied,) = [event for event in found.events if isinstance(event, Replied)]
    return replied.reply.message


@pytest.mark.parametrize("kind", ITEMS)
@pytest.mark.parametrize("format", get_args(ImportFormat))
def test_a_turns_reasoning_comes_back_out_of_the_formats_own_field(
    format: ImportFormat, kind: str, tmp_path: Path
) -> None:
    file, losses = written(trial(ITEMS[kind]), format, tmp_path)
    alone = turn(read(file))
    assert (alone.text, thoughts(alone), alone.native_format) == ("hi", THOUGHT[kind], "")
    whole = turn(read(file, ours=True))
    assert (whole.native, whole.native_format) == (ITEMS[kind], "messages")
    (kept,) = [place for what, place in losses.found if what == ITEMS_LOST]
    assert "taskfit" in kept, "its own items stand beside the document"


@pytest.mark.parametrize("format", get_args(ImportFormat))
def test_reasoning_is_not_written_twice(format: ImportFormat, tmp_path: Path) -> None:
    file, _ = written(trial(ITEMS["messages"]), format, tmp_path)
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            sample = json.loads(archive.read("samples/s_epoch_1.json"))
        text = json.dumps([sample["messages"], sample["store"]])
    else:
        text = file.read_text()
    assert text.count("first I look") == 1


def test_spans_hold_reasoning_and_name_what_they_have_no_part_for(tmp_path: Path) -> None:
    file, losses = written(trial(ITEMS["messages"]), "otel", tmp_path)
    assert r"{\"type\": \"reasoning\", \"content\": \"first I look\"}" in file.read_text()
    assert losses.found[ITEMS_LOST, ""] == 1, "kept nowhere"


ASKED = {"role": "user", "content": "fix"}


def atif(turn: dict[str, Any]) -> dict[str, Any]:
    step = {("message" if name == "content" else name): value for name, value in turn.items() if name != "role"}
    return {"schema_version": "ATIF-v1.7", "agent": {"name": "a"}, "steps": [{"source": "agent", **step}]}


def sweagent(turn: dict[str, Any]) -> dict[str, Any]:
    return {"trajectory": [], "history": [ASKED, turn], "info": {}}


def mini(turn: dict[str, Any]) -> dict[str, Any]:
    return {"info": {}, "messages": [ASKED, {**turn, "extra": {}}], "trajectory_format": "mini-swe-agent-1.1"}


def inspect(turn: dict[str, Any]) -> dict[str, Any]:
    sample = {"id": "s", "epoch": 1, "messages": [ASKED, turn], "attachments": {"1": "first I look"}}
    return {"version": 2, "eval": {"model": "m", "task": "t"}, "samples": [sample]}


PARTS = [{"type": "thinking", "thinking": "first I look", "signature": "s"}, {"type": "text", "text": "hi"}]
HIDDEN = [{"type": "redacted_thinking", "data": "abc"}, {"type": "text", "text": "hi"}]
SAID = {"role": "assistant", "content": "hi"}
FOREIGN: dict[str, tuple[dict[str, Any], str, set[str]]] = {
    "sweagent blocks": (sweagent({**SAID, "thinking_blocks": PARTS[:1]}), "first I look", {"signatures of reasoning"}),
    "sweagent parts": (sweagent({**SAID, "content": PARTS}), "first I look", {"signatures of reasoning"}),
    "sweagent hidden": (sweagent({**SAID, "content": HIDDEN}), "", {"encrypted reasoning"}),
    "mini field": (mini({**SAID, "reasoning_content": "first I look"}), "first I look", set()),
    "mini twice": (
        mini({**SAID, "reasoning_content": "first I look", "thinking_blocks": PARTS[:1]}),
        "first I look",
        {"signatures of reasoning"},
    ),
    "mini details": (
        mini({**SAID, "reasoning_details": [{"type": "reasoning.encrypted", "data": "abc"}]}),
        "",
        {"encrypted reasoning"},
    ),
    "mini items": (
        mini(
            {
                "object": "response",
                "output": [
                    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "first I look"}]},
                    {"type": "web_search_call"},
                    {"type": "message", "content": [{"type": "output_text", "text": "hi"}]},
                ],
            }
        ),
        "first I look",
        {"output of type web_search_call"},
    ),
    "inspect parts": (
        inspect({**SAID, "content": [{"type": "reasoning", "reasoning": "attachment://1"}, PARTS[1]]}),
        "first I look",
        set(),
    ),
    "inspect redacted": (
        inspect({**SAID, "content": [{"type": "reasoning", "reasoning": "x", "redacted": True}, PARTS[1]]}),
        "",
        {"encrypted reasoning"},
    ),
    "inspect older": (inspect({**SAID, "reasoning": "first I look"}), "first I look", set()),
    "atif field": (atif({**SAID, "reasoning_content": "first I look"}), "first I look", set()),
    "atif parts": (atif({**SAID, "content": PARTS}), "first I look", {"signatures of reasoning"}),
    "of no known form": (mini({**SAID, "reasoning": {"effort": 3}}), "", {"reasoning in a form that is not known"}),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_reasoning_is_taken_over_or_named(name: str, tmp_path: Path) -> None:
    document, thought, left_out = FOREIGN[name]
    file = tmp_path / "foreign.json"
    file.write_text(json.dumps(document))
    found = read(file)
    assert (turn(found).text, thoughts(turn(found))) == ("hi", thought)
    assert set(found.left_out) == left_out


def test_reasoning_in_a_message_to_the_model_is_named(tmp_path: Path) -> None:
    file = tmp_path / "foreign.json"
    file.write_text(json.dumps(inspect({"role": "user", "content": PARTS})))
    assert read(file).left_out == ["content of type thinking"]


def test_blocks_that_are_no_list_are_said_with_their_place(tmp_path: Path) -> None:
    file = tmp_path / "foreign.json"
    file.write_text(json.dumps(mini({**SAID, "thinking_blocks": "x"})))
    with pytest.raises(FileProblem, match=r"messages\[1\].thinking_blocks: is a text; a list was expected"):
        read(file)
