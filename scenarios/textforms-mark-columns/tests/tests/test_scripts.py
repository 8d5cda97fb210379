import pytest

from textforms import Column, Grid, display_width, pad, truncate, wrap
from textforms.width import char_width, split_at


def test_thai_signs_take_no_column():
    assert display_width("ที่นี่") == 2
    assert display_width("ครับ") == 3
    assert char_width("\u0e34") == 0


def test_signs_of_other_scripts_take_no_column():
    assert display_width("कुछ") == 2
    assert display_width("में") == 1
    assert display_width("ດີ") == 1
    assert display_width("নু") == 1


def test_enclosing_marks_and_variation_selectors():
    assert display_width("1\ufe0f\u20e3") == 1
    assert display_width("A\u20dd") == 1
    assert display_width("\u2764\ufe0f!") == 2


def test_padding_and_cutting_thai():
    assert pad("ที่", 3) == "ที่  "
    assert pad("ที่", 3, "right") == "  ที่"
    assert truncate("ที่นี่", 2) == "ที่นี่"
    assert truncate("ที่นี่ที่", 2) == "ที่…"
    assert split_at("นี้ดี", 1) == ("นี้", "ดี")


def test_wrapping_keeps_signs_with_their_consonant():
    assert wrap("ที่นี่ ดี", 4) == "ที่นี่ ดี"
    assert wrap("ดีดีดีดี", 2) == "ดีดี\nดีดี"


def test_grid_lines_up():
    grid = Grid(["word", Column("n", align="right")])
    for word in ["ที่นี่", "कुछ", "काम", "x"]:
        grid.add(word, 10)
    assert grid.draw() == (
        "word |  n\n-----+---\nที่นี่   | 10\nकुछ   | 10\nकाम  | 10\nx    | 10\n"
    )


@pytest.mark.parametrize(("text", "width"), [("काम", 3), ("हिन्दी", 5), ("\u093e", 1), ("কা", 2), ("தை", 2)])
def test_spacing_signs_keep_their_column(text, width):
    assert display_width(text) == width


@pytest.mark.parametrize(
    ("text", "width"),
    [("e\u0301", 1), ("שָׁלוֹם", 4), ("日本", 4), ("か\u3099", 2), ("a\u200bb", 2), ("👩\u200d💻", 4), ("½", 1)],
)
def test_other_widths_stay(text, width):
    assert display_width(text) == width
