import pytest

from textforms import wrap


def test_words_fill_the_lines():
    assert wrap("the quick brown fox jumps", 10) == "the quick\nbrown fox\njumps"


def test_blank_runs_and_line_ends_are_single_spaces():
    assert wrap("a   b\nc\t d", 20) == "a b c d"


def test_paragraphs_are_kept():
    assert wrap("one two\n\n  \nthree", 20) == "one two\n\nthree"


def test_indents():
    assert wrap("aaa bbb ccc", 7, indent="- ", hanging="  ") == "- aaa\n  bbb\n  ccc"
    assert wrap("aaa bbb", 5, indent="> ") == "> aaa\n> bbb"


def test_long_words_are_cut():
    assert wrap("see abcdefghij now", 4) == "see\nabcd\nefgh\nij\nnow"


def test_wide_characters_count_twice():
    assert wrap("日本 語です", 7) == "日本\n語です"
    assert wrap("日本語", 5) == "日本\n語"


def test_empty_text():
    assert wrap(" \n ", 10) == ""


def test_no_room():
    with pytest.raises(ValueError, match="room"):
        wrap("a", 3, indent="  ")
