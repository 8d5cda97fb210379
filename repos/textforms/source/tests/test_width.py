import pytest

from textforms import display_width, pad, truncate
from textforms.width import char_width, split_at


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("abc", 3), ("日本", 4), ("ＡＢ", 4), ("ｱｲ", 2), ("cafe\u0301", 4), ("naïve", 5), ("a\u200bb", 2)],
)
def test_display_width(text, width):
    assert display_width(text) == width


def test_marks_of_every_script_take_no_column():
    assert display_width("ที่นี่") == 2
    assert display_width("कुछ") == 2
    assert char_width("\u20e3") == 0
    assert char_width("\ufe0f") == 0


def test_spacing_vowel_signs_take_a_column():
    assert display_width("काम") == 3
    assert display_width("हिन्दी") == 5


def test_padding_counts_columns():
    assert pad("日本", 6) == "日本  "
    assert pad("cafe\u0301", 6, "right") == "  cafe\u0301"
    assert pad("ab", 5, "center") == " ab  "
    assert pad("too long", 3) == "too long"


def test_split_keeps_marks_with_their_letter():
    assert split_at("cafe\u0301s", 4) == ("cafe\u0301", "s")
    assert split_at("ab", 5) == ("ab", "")


def test_split_never_halves_a_wide_character():
    assert split_at("日本", 3) == ("日", "本")


def test_truncation():
    assert truncate("abcdef", 6) == "abcdef"
    assert truncate("abcdefg", 6) == "abcde…"
    assert truncate("日本語", 5) == "日本…"
    assert truncate("日本語", 4) == "日…"
    assert truncate("abcdef", 5, "...") == "ab..."


def test_truncation_to_less_than_the_ellipsis():
    assert truncate("abcdef", 2, "...") == "ab"
    assert truncate("abcdef", 0) == ""
    with pytest.raises(ValueError, match="negative"):
        truncate("abc", -1)
