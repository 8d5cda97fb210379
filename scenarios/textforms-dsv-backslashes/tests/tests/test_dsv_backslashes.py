from itertools import product

from textforms import Dialect, read_dsv, read_records, write_dsv

DIALECTS = [Dialect(), Dialect(delimiter=";"), Dialect(delimiter="\t"), Dialect(delimiter="^", header=False)]


def round_trip(rows, dialect):
    columns = [f"c{index}" for index in range(len(rows[0]))] if dialect.header else None
    return read_dsv(write_dsv(rows, columns, dialect), dialect)


def test_paths_survive_a_round_trip():
    rows = [["C:\\new\\table", "x"], ["C:\\", "y"], ["\\\\host\\share\\", "z"], ["\\", "\\"]]
    for dialect in DIALECTS:
        assert round_trip(rows, dialect) == rows


def test_runs_of_backslashes_survive_a_round_trip():
    cells = ["".join(chars) for chars in product("\\n|\n;", repeat=4)]
    rows = [[cell, "end"] for cell in cells]
    for dialect in DIALECTS:
        assert round_trip(rows, dialect) == rows


def test_column_names_survive_a_round_trip():
    text = write_dsv([["1", "2"]], ["a\\", "b\\n"])
    assert text.splitlines()[0] == "a\\\\|b\\\\n"
    assert read_records(text) == [{"a\\": "1", "b\\n": "2"}]


def test_null_and_its_spelling_are_told_apart():
    rows = [["\\N", None], [None, "\\N"], ["\\\\N", "N"]]
    assert write_dsv(rows, ["a", "b"]) == "a|b\n\\\\N|\\N\n\\N|\\\\N\n\\\\\\\\N|N\n"
    for dialect in DIALECTS:
        assert round_trip(rows, dialect) == rows


def test_written_form():
    dialect = Dialect(header=False)
    assert write_dsv([["C:\\new", "a|b", "x\ny"]], dialect=dialect) == "C:\\\\new|a\\|b|x\\ny\n"
    assert write_dsv([["\\|", "\\\n"]], dialect=dialect) == "\\\\\\||\\\\\\n\n"


def test_escaped_backslash_before_letters_is_read():
    text = "path|owner\nC:\\\\new\\\\table\\\\red|x\n\\\\\\n|y\n"
    assert read_dsv(text) == [["C:\\new\\table\\red", "x"], ["\\\n", "y"]]


def test_escaped_backslash_before_delimiter_is_read():
    assert read_dsv("path|owner\nC:\\\\|x\na\\\\\\|b|y\n") == [["C:\\", "x"], ["a\\|b", "y"]]
    semicolons = Dialect(delimiter=";", header=False)
    assert read_dsv("a\\\\;b\\;c\n", semicolons) == [["a\\", "b;c"]]


def test_escapes_that_worked_still_do():
    assert read_dsv("x|y\nfirst\\nsecond|a \\| b\n\\t|\\r\n\\N|\n") == [
        ["first\nsecond", "a | b"],
        ["\t", "\r"],
        [None, ""],
    ]


def test_other_backslashes_are_read_as_before():
    assert read_dsv("x|y\n50 \\% off|\\Nothing\nC:\\dir|\\\"\n") == [["50 \\% off", "\\Nothing"], ["C:\\dir", '\\"']]
