import pytest

from textforms import Config, read_config, write_config
from textforms.config_writer import format_value


def read_value(text):
    return read_config(f"[s]\nx = {text}\n")["s"]["x"]


@pytest.mark.parametrize(
    "text",
    ["10/12", "2024-05", "-3:15", "1920x1080", "12 50"],
    ids=["fraction", "month", "offset", "size", "pair"],
)
def test_values_with_a_sign_between_digits_are_text(text):
    assert read_value(text) == text


@pytest.mark.parametrize(
    "text", ["1e5", "7E12", "20_24", "+1_000"], ids=["small", "capital", "underscore", "signed"]
)
def test_exponents_and_digit_separators_are_text(text):
    assert read_value(text) == text


def test_lists_keep_their_texts():
    assert read_value("[09:30, 1e5, 1.5, 12]") == ["09:30", "1e5", 1.5, 12]


def test_texts_are_written_bare():
    config = Config()
    section = config.add("s")
    section["start"] = "09:30"
    section["commit"] = "7e12"
    section["ratio"] = "1.5"
    section["both"] = ["1_0", "10"]
    text = write_config(config)
    assert text == '[s]\nstart = 09:30\ncommit = 7e12\nratio = "1.5"\nboth = [1_0, "10"]\n'
    assert dict(read_config(text)["s"]) == dict(section)


def test_large_and_small_floats_are_written_in_digits():
    for value in [1e22, 2e16, 5e-05]:
        text = format_value(value)
        assert "e" not in text
        assert read_value(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("1.5", 1.5), ("-0.25", -0.25), ("+3.0", 3.0), ("12", 12), ("-12345", -12345)]
)
def test_numbers_stay_numbers(text, value):
    result = read_value(text)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize("text", ["1.", ".5", "1.2.3", "1..2"])
def test_points_elsewhere_make_text(text):
    assert read_value(text) == text
