import pytest

from textforms import ConfigSyntaxError, read_config

SAMPLE = """\
# how the site is served
[Server]
host = example.org      # the public name
port = 8080
ratio = -0.75
enabled = yes
aliases = [www, "static, old", 3]

[mail]
greeting = "Hi!\\n\\"Quoted\\" and \\\\ too"
empty = ""
"""


def read_value(text):
    return read_config(f"[s]\nx = {text}\n")["s"]["x"]


def test_sample_is_read_into_sections():
    config = read_config(SAMPLE)
    assert [section.name for section in config] == ["Server", "mail"]
    assert dict(config["Server"]) == {
        "host": "example.org",
        "port": 8080,
        "ratio": -0.75,
        "enabled": True,
        "aliases": ["www", "static, old", 3],
    }


def test_escapes_are_resolved_in_quoted_text():
    mail = read_config(SAMPLE)["mail"]
    assert mail["greeting"] == 'Hi!\n"Quoted" and \\ too'
    assert mail["empty"] == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("+12", 12), ("-7", -7), ("007", 7), ("1.50", 1.5), ("-0.25", -0.25), ("+3.0", 3.0)],
)
def test_numbers(text, value):
    result = read_value(text)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize("text", ["1.", ".5", "1.2.3", "--1", "0x1f", "five", "1.5s", "٣"])
def test_almost_numbers_are_text(text):
    assert read_value(text) == text


def test_time_of_day_is_text():
    config = read_config("[shift]\nstart = 09:30\nstop = 17:00\n")
    assert dict(config["shift"]) == {"start": "09:30", "stop": "17:00"}


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("TRUE", True), ("No", False), ("false", False)])
def test_words_for_yes_and_no(text, value):
    assert read_value(text) is value


def test_quoted_number_stays_text():
    assert read_value('"42"') == "42"


def test_bare_text_keeps_inner_spaces():
    assert read_value("  two  words   # and a comment") == "two  words"


def test_hash_in_quotes_is_no_comment():
    assert read_value('"a # b"  # c') == "a # b"


def test_windows_line_ends():
    config = read_config("[s]\r\nx = 1\r\n\r\ny = two\r\n")
    assert dict(config["s"]) == {"x": 1, "y": "two"}


def test_empty_and_trailing_comma_lists():
    assert read_value("[]") == []
    assert read_value("[ 1, 2, ]") == [1, 2]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("x = 1\n", 1, "before the first section"),
        ("[s\n", 1, "section heading"),
        ("[s] x\n", 1, "unexpected text"),
        ("[s]\n\nx\n", 3, "expected"),
        ("[s]\nx =\n", 2, "missing"),
        ("[s]\nx = 1\nX = 2\n", 3, "occurs twice"),
        ("[s]\n[S]\n", 2, "occurs twice"),
        ('[s]\nx = "open\n', 2, "not closed"),
        ('[s]\nx = "\\q"\n', 2, "unknown escape"),
        ("[s]\nx = [1, 2\n", 2, "not closed"),
        ('[s]\nx = "a" b\n', 2, "unexpected text"),
    ],
)
def test_syntax_errors_name_the_line(text, line, words):
    with pytest.raises(ConfigSyntaxError, match=words) as caught:
        read_config(text)
    assert caught.value.line == line
