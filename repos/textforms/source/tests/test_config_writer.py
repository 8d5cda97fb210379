import pytest

from textforms import Config, ConfigError, read_config, write_config
from textforms.config_writer import format_value


def test_document_is_written_in_order():
    config = Config()
    server = config.add("server")
    server["port"] = 80
    server["host"] = "example.org"
    server["ratio"] = 0.5
    config.add("mail")["on"] = False
    assert write_config(config) == "[server]\nport = 80\nhost = example.org\nratio = 0.5\n\n[mail]\non = no\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain text", "plain text"),
        ("yes", '"yes"'),
        ("42", '"42"'),
        ("4.2", '"4.2"'),
        ("", '""'),
        (" padded ", '" padded "'),
        ("a # b", '"a # b"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("a\tb\nc", '"a\\tb\\nc"'),
        ([1, "x", "a,b"], '[1, x, "a,b"]'),
    ],
)
def test_values_are_quoted_only_where_needed(value, text):
    assert format_value(value) == text


@pytest.mark.parametrize("value", ["C:\\temp\\", "\\n", "tab\there", "a\u00a0b", "\u2028", "ж", "1.", True, -3, 1e22])
def test_values_survive_a_round_trip(value):
    config = Config()
    config.add("s")["x"] = value
    result = read_config(write_config(config))["s"]["x"]
    assert result == value
    assert type(result) is type(value)


def test_floats_are_written_without_exponent():
    assert format_value(1e22) == "10000000000000000000000.0"
    assert format_value(2.0**-17) == "0.00000762939453125"


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 1e-300])
def test_floats_without_digits_are_refused(value):
    with pytest.raises(ConfigError, match="digits"):
        format_value(value)


def test_names_that_cannot_be_read_back_are_refused():
    config = Config()
    section = config.add("s")
    section["two words"] = 1
    with pytest.raises(ConfigError, match="two words"):
        write_config(config)
    other = Config()
    other.add("a]b")
    with pytest.raises(ConfigError, match="section"):
        write_config(other)
