"""Messages: shortened honestly, added up, and written as JSON whatever a model put into them."""

from __future__ import annotations

import json
import re

import pytest
from pydantic import ValidationError

from runner.messages import AssistantMessage, Reply, ToolCall, Usage, UserMessage, shorten, to_json


@pytest.mark.parametrize("text", ["", "a", "a" * 100])
def test_a_text_within_the_limit_stays_as_it_is(text: str) -> None:
    assert shorten(text, 100) == text


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 4, 10, 99, 1000])
@pytest.mark.parametrize("length", [1001, 50_000])
def test_what_is_left_out_is_the_middle_and_is_counted(limit: int, length: int) -> None:
    text = "".join(chr(0x4E00 + n % 20_000) for n in range(length))
    found = re.fullmatch(r"(.*)\n… (\d+) characters left out …\n(.*)", shorten(text, limit), re.DOTALL)
    assert found is not None
    head, left_out, tail = found[1], int(found[2]), found[3]
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + left_out + len(tail) == length
    assert len(head) + len(tail) <= limit


def test_the_head_gets_two_thirds() -> None:
    assert re.findall("[HT]+", shorten("H" * 500 + "T" * 500, 90)) == ["H" * 60, "T" * 30]


def test_usage_adds_up_kind_by_kind() -> None:
    first = Usage(input=1, cache_read=20, cache_write=300, output=4000, reasoning=50_000)
    second = Usage(input=2, cache_read=30, cache_write=400, output=5000, reasoning=60_000)
    assert first + second == Usage(input=3, cache_read=50, cache_write=700, output=9000, reasoning=110_000)
    assert first + Usage() == first
    assert sum([first, second], Usage()) == second + first
    assert first == Usage(input=1, cache_read=20, cache_write=300, output=4000, reasoning=50_000), "unchanged"


def test_a_call_made_here_carries_its_arguments_as_json() -> None:
    call = ToolCall.of("c1", "edit_file", path='a"b\n', old="é\ud800", n=1.5, none=None, nested={"x": [1]})
    assert (call.id, call.name) == ("c1", "edit_file")
    assert json.loads(call.arguments) == {
        "path": 'a"b\n',
        "old": "é\ud800",
        "n": 1.5,
        "none": None,
        "nested": {"x": [1]},
    }
    assert ToolCall.of("c", "submit").arguments == "{}"


def test_messages_are_frozen_and_refuse_what_they_do_not_know() -> None:
    message = UserMessage(text="x")
    with pytest.raises(ValidationError, match="frozen"):
        message.text = "y"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        UserMessage.model_validate({"text": "x", "more": 1})
    with pytest.raises(ValidationError, match="role"):
        UserMessage.model_validate({"text": "x", "role": "system"})


@pytest.mark.parametrize("text", ["\x00\x1b[31m", "\u2028", "😀", "\ufeff", "x" * 100_000])
def test_json_keeps_every_text_that_unicode_allows(text: str) -> None:
    reply = Reply(message=AssistantMessage(text=text, tool_calls=(ToolCall(id=text, name=text, arguments=text),)))
    assert Reply.model_validate_json(to_json(reply)) == reply
    assert b"\n" not in to_json(reply)


def test_json_replaces_half_a_surrogate_pair_alone() -> None:
    assert json.loads(to_json(UserMessage(text="a\ud800b\udfffc")))["text"] == "a?b?c"
