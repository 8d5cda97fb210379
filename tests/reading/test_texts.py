"""Counts, excerpts and diffs of texts that may be anything."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from runner.reading.counts import Counts, counts
from runner.reading.diffs import MOST_CHARACTERS, MOST_LINES, side_by_side
from runner.reading.excerpt import excerpt


@pytest.mark.parametrize(
    ("text", "passed", "failed"),
    [
        ("..F\n2 failed, 42 passed", 42, 2),
        ("===== 1 failed, 3 passed, 2 warnings in 0.12s =====", 3, 1),
        ("== 1 passed, 1 error in 0.1s ==", 1, 1),
        ("44 passed\n", 44, 0),
        ("Ran 7 tests in 0.01s\n\nFAILED (failures=2, errors=1)\n", 4, 3),
        ("Ran 7 tests in 0.01s\n\nOK (skipped=1)\n", 7, 0),
        ("# tests 5\n# pass 3\n# fail 2\n", 3, 2),
        ("ℹ pass 3\nℹ fail 0\n", 3, 0),
        ("Tests:       1 failed, 5 passed, 6 total\n", 5, 1),
        ("      Tests  1 failed | 5 passed (6)\n", 5, 1),
        ("test result: FAILED. 3 passed; 1 failed; 0 ignored\n", 3, 1),
        ("test result: ok. 1 passed; 0 failed;\ntest result: ok. 2 passed; 0 failed;\n", 3, 0),
        ("--- PASS: TestA (0.00s)\n    --- FAIL: TestB/x (0.00s)\nFAIL\n", 1, 1),
    ],
)
def test_every_framework_s_tally_is_read(text: str, passed: int, failed: int) -> None:
    assert counts(f"exit code 1\n{text}") == Counts(passed, failed)


@pytest.mark.parametrize("text", ["", "no tests here", "I passed 3 exams", "1 warning", "x" * 10**6])
def test_what_is_no_tally_is_none(text: str) -> None:
    assert counts(text) is None


def test_a_short_text_is_shown_whole_and_a_long_one_by_its_ends() -> None:
    short = "one\ntwo\n"
    assert (excerpt(short).head, excerpt(short).whole) == (short, True)
    text = "".join(f"line {number}\n" for number in range(10_000))
    found = excerpt(text)
    assert found.head.startswith("line 0\n") and found.tail.endswith("line 9999\n")
    assert len(found.head) + found.left_out + len(found.tail) == found.characters == len(text)
    assert found.head.count("\n") + found.lines_left_out + found.tail.count("\n") == 10_000


@pytest.mark.parametrize("text", ["x" * 10**6, "\n" * 10**6, "x\n" + "y" * 10**6 + "\nz", "\r" * 9000, "é" * 7001])
def test_an_excerpt_loses_and_doubles_nothing_whatever_the_text(text: str) -> None:
    found = excerpt(text)
    assert text.startswith(found.head) and text.endswith(found.tail)
    assert len(found.head) + found.left_out + len(found.tail) == len(text)
    assert len(found.head) + len(found.tail) <= 7000


def test_fifty_megabytes_are_no_work() -> None:
    text = "line of output\n" * 3_500_000
    before = time.process_time()
    excerpt(text)
    counts(text)
    assert time.process_time() - before < 0.2


def test_an_edit_stands_side_by_side_and_equal_lines_far_away_are_folded() -> None:
    old = "\n".join(f"line {number}" for number in range(50))
    pairs = side_by_side(old, old.replace("line 25\n", "line 25!\nand more\n"))
    assert pairs is not None
    changed = [pair for pair in pairs if pair.kind == "changed"]
    assert [(pair.old and pair.old.text, pair.new and pair.new.text) for pair in changed] == [
        ("line 25", "line 25!"),
        (None, "and more"),
    ]
    assert [pair.folded for pair in pairs if pair.kind == "fold"] == [22, 21]


def test_line_ends_that_change_are_seen_and_endless_texts_are_not_aligned() -> None:
    (pair,) = side_by_side("a\r\n", "a\n") or []
    assert (pair.kind, pair.old and pair.old.text, pair.new and pair.new.text) == ("changed", "a\r", "a")
    assert side_by_side("a\n" * (MOST_LINES + 1), "a") is None
    assert side_by_side("", "") == []
    assert side_by_side("x" * MOST_CHARACTERS, "y") is None
    assert side_by_side("x" * MOST_CHARACTERS + "\na\nb\nc\nd\ne\nf", "x" * MOST_CHARACTERS + "\na\nb\nc\nd\ne\n!")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["x"] * 1200, ["y", "x"] * 600),
        (["x", "a"] * 600, [each for at in range(600) for each in (str(at), "x")]),
        (["x"] * 1200, ["y"] * 1200),
        (["x"] * 300, ["x"] * 300 + ["end"]),
        (["begin"] + ["x"] * 300, ["x"] * 300),
    ],
)
def test_lines_that_repeat_are_aligned_at_once_and_none_is_lost(old: list[str], new: list[str]) -> None:
    began = time.process_time()
    pairs = side_by_side("\n".join(old), "\n".join(new), context=2000)
    assert time.process_time() - began < 2
    assert pairs is not None
    assert [pair.old.text for pair in pairs if pair.old is not None] == old
    assert [pair.new.text for pair in pairs if pair.new is not None] == new
    same = [(pair.old, pair.new) for pair in pairs if pair.kind == "same"]
    assert all(one is not None and other is not None and one.text == other.text for one, other in same)
    common = sum((Counter(old) & Counter(new)).values())
    assert len(same) <= common and (common == 0 or len(same) >= common - 1)
