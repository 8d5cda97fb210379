"""Untrusted text for a terminal: nothing in it acts, and nothing in it hides."""

from __future__ import annotations

import doctest
import sys
import unicodedata

import pytest

import runner.visible
from runner.visible import visible


@pytest.mark.parametrize("newlines", [False, True])
def test_no_control_format_surrogate_or_separator_of_all_unicode_gets_through(newlines: bool) -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    shown = visible(everything, newlines)
    left = {character for character in shown if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")}
    assert left == ({"\n", "\t"} if newlines else set())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x1b]8;;https://evil\x1b\\x", r"\x1b]8;;https://evil\x1b" + "\\x"),
        ("\x9b2J", r"\x9b2J"),
        ("abc\rxyz\x08", r"abc\rxyz\x08"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066a\u2069\u200b\ufeff\xad", r"\u2066a\u2069\u200b\ufeff\xad"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        ("\x00\x7f", r"\x00\x7f"),
        ("a\nb\tc", r"a\nb\tc"),
        ("naïve 日本 😀 e\u0301 עברית", "naïve 日本 😀 e\u0301 עברית"),
        ("[red]x[/red]", "[red]x[/red]"),
        ("", ""),
    ],
)
def test_what_acts_is_shown_and_what_reads_is_kept(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_newlines_and_tabs_stay_where_asked_but_no_other_line_break() -> None:
    shown = visible("a\nb\tc\rd\x0be\x0cf\x85g\u2028h", newlines=True)
    assert shown.splitlines() == ["a", "b\tc\\rd\\x0be\\x0cf\\x85g\\u2028h"]


@pytest.mark.parametrize(
    "character", ["\u3164", "\u2800", "\U0001d159", "\u115f", "\u1160", "\uffa0", "\u034f", "\U000e0100", "\U000e01ef"]
)
def test_invisible_characters_that_unicode_calls_letters_or_marks_are_shown(character: str) -> None:
    assert visible(f"a{character}b") != f"a{character}b"


def test_the_example_in_the_docstring_is_true() -> None:
    assert doctest.testmod(runner.visible).failed == 0
    assert doctest.testmod(runner.visible).attempted > 0
