"""Server-sent events, whatever pieces their bytes come in."""

from __future__ import annotations

import random

import pytest

from runner.models.formats.base import ServerEvent
from runner.models.provider.sse import Events

STREAM = (
    '\ufeff: a comment\n\nevent: first\ndata: {"a": "ü"}\n\n'
    "data:two\ndata: lines\n\nid: 7\nretry: 5\n\ndata\n\nevent: alone\n\ndata: last"
)
WANTED = [
    ServerEvent("first", '{"a": "ü"}'),
    ServerEvent("", "two\nlines"),
    ServerEvent("", ""),
    ServerEvent("", "last"),
]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_events_are_the_same_in_any_pieces(line_end: str) -> None:
    data = STREAM.replace("\n", line_end).encode()
    chance = random.Random(1)
    for pieces in [1, 2, 3, *(chance.randint(1, 40) for _ in range(50))]:
        events, found = Events(), []
        for place in range(0, len(data), pieces):
            found += events.feed(data[place : place + pieces])
        assert [*found, *events.end()] == WANTED


def test_every_cut_of_a_stream_gives_a_prefix_of_its_events() -> None:
    data = STREAM.encode()
    for cut in range(len(data)):
        found = list(Events().feed(data[:cut]))
        assert found == WANTED[: len(found)]


def test_invalid_utf8_is_replaced_and_a_line_of_megabytes_takes_no_more_than_linear_time() -> None:
    events = Events()
    assert list(events.feed(b"data: \xff\n\n")) == [ServerEvent("", "\ufffd")]
    for _ in range(2000):
        assert list(events.feed(b"x" * 16_384)) == []
