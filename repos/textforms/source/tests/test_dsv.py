import pytest

from textforms import Dialect, DsvError, read_dsv, read_records, write_dsv
from textforms.dialect import TABS

ROWS = [
    ["widget", "first line\nsecond line"],
    ["gadget", None],
    ["pipe", "a | b"],
    ["empty", ""],
    ["tab", "a\tb\r"],
]
TEXT = "name|note\nwidget|first line\\nsecond line\ngadget|\\N\npipe|a \\| b\nempty|\ntab|a\\tb\\r\n"


def test_rows_are_written_with_a_header():
    assert write_dsv(ROWS, ["name", "note"]) == TEXT


def test_rows_are_read_back():
    assert read_dsv(TEXT) == ROWS


def test_records_carry_the_names_of_the_header():
    assert read_records("id|name\n1|x\n2|\\N\n") == [{"id": "1", "name": "x"}, {"id": "2", "name": None}]


def test_backslashes_survive_a_round_trip():
    rows = [["C:\\new\\table"], ["ends in \\"], ["\\N"], ["\\|"]]
    assert read_dsv(write_dsv(rows, ["path"])) == rows


def test_backslash_is_written_doubled():
    assert write_dsv([["a\\b", "c"]], ["x", "y"]) == "x|y\na\\\\b|c\n"


def test_escaped_backslash_before_a_delimiter():
    assert read_dsv("x|y\na\\\\|b\n") == [["a\\", "b"]]


def test_other_delimiters():
    rows = [["a|b", "c;d"], ["e", None]]
    semicolons = Dialect(delimiter=";", header=False)
    text = write_dsv(rows, dialect=semicolons)
    assert text == "a|b;c\\;d\ne;\\N\n"
    assert read_dsv(text, semicolons) == rows
    assert read_dsv(write_dsv(ROWS, ["name", "note"], TABS), TABS) == ROWS


def test_column_names_are_escaped_as_well():
    text = write_dsv([["1", "2"]], ["a|b", "c\nd"])
    assert text == "a\\|b|c\\nd\n1|2\n"
    assert read_records(text) == [{"a|b": "1", "c\nd": "2"}]


def test_backslash_before_anything_else_stands_for_itself():
    assert read_dsv("x\n50 \\% off\n") == [["50 \\% off"]]


def test_table_without_rows():
    assert write_dsv([], ["a", "b"]) == "a|b\n"
    assert read_dsv("a|b\n") == []
    assert read_dsv("", Dialect(header=False)) == []


def test_last_line_may_lack_its_end():
    assert read_dsv("a|b\r\n1|2") == [["1", "2"]]


def test_rows_of_different_length_are_refused():
    with pytest.raises(DsvError, match="line 3: 1 cells where 2 are expected"):
        read_dsv("a|b\n1|2\n3\n")
    with pytest.raises(DsvError, match="line 2"):
        write_dsv([["1"]], ["a", "b"])


def test_header_errors():
    with pytest.raises(DsvError, match="missing"):
        read_dsv("")
    with pytest.raises(DsvError, match="no name"):
        read_dsv("a|\n")
    with pytest.raises(DsvError, match="same name"):
        read_records("a|a\n")
    with pytest.raises(DsvError, match="no column names"):
        write_dsv([["1"]])


@pytest.mark.parametrize("delimiter", ["", "||", "\\", "n", "\n"])
def test_impossible_delimiters(delimiter):
    with pytest.raises(DsvError, match="delimiter"):
        Dialect(delimiter=delimiter)
