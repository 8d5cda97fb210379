"""Output of any length keeps its head and its tail, and says what is missing."""

from __future__ import annotations

import pytest

from sandboxes.capture import Capture


@pytest.mark.parametrize("size", [1, 3, 100, 10_000])
def test_short_output_is_whole_however_it_arrives(size: int) -> None:
    data = bytes(range(100)) * 2
    capture = Capture(200)
    for start in range(0, len(data), size):
        capture.feed(data[start : start + size])
    assert (capture.result(), capture.elided) == (data, 0)


@pytest.mark.parametrize("size", [1, 3, 100, 10_000])
def test_long_output_keeps_head_and_tail_and_states_the_elision(size: int) -> None:
    data = b"".join(b"%06d" % number for number in range(1000))
    capture = Capture(30)
    for start in range(0, len(data), size):
        capture.feed(data[start : start + size])
    assert capture.elided == 6000 - 30
    assert capture.result() == data[:20] + b"\n... 5970 bytes left out ...\n" + data[-10:]


def test_memory_stays_bounded() -> None:
    capture = Capture(3000)
    for _ in range(2000):
        capture.feed(b"x" * 1000)
    assert capture.total == 2_000_000
    assert len(capture.result()) < 3100
