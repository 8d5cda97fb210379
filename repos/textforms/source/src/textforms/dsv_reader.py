"""Reading delimited tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .dialect import ESCAPE, NULL, PIPES, Dialect
from .errors import DsvError

Cell = str | None

_PAIR = re.compile(r"\\(.)")
_LETTERS = {ESCAPE: ESCAPE, "n": "\n", "r": "\r", "t": "\t"}


def read_dsv(text: str, dialect: Dialect = PIPES) -> list[list[Cell]]:
    """The rows of a delimited table, without the header line."""
    rows = list(_read_lines(text, dialect))
    if dialect.header:
        if not rows:
            raise DsvError("the header line is missing")
        _check_header(rows[0])
        rows = rows[1:]
    return rows


def read_records(text: str, dialect: Dialect = PIPES) -> list[dict[str, Cell]]:
    """The rows of a delimited table as dictionaries under the names in the header."""
    if not dialect.header:
        raise DsvError("records need a header")
    rows = list(_read_lines(text, dialect))
    if not rows:
        raise DsvError("the header line is missing")
    names = _check_header(rows[0])
    return [dict(zip(names, row, strict=True)) for row in rows[1:]]


def _read_lines(text: str, dialect: Dialect) -> Iterator[list[Cell]]:
    width = None
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []
    for number, line in enumerate(lines, start=1):
        row = [_read_cell(cell, dialect.delimiter) for cell in _split_cells(line, dialect.delimiter)]
        if width is None:
            width = len(row)
        if len(row) != width:
            raise DsvError(f"{len(row)} cells where {width} are expected", number)
        yield row


def _split_cells(line: str, delimiter: str) -> list[str]:
    cells = []
    start = position = 0
    while position < len(line):
        if line[position] == ESCAPE:
            position += 2
            continue
        if line[position] == delimiter:
            cells.append(line[start:position])
            start = position + 1
        position += 1
    cells.append(line[start:])
    return cells


def _read_cell(raw: str, delimiter: str) -> Cell:
    if raw == NULL:
        return None
    return _unescape(raw, delimiter)


def _unescape(raw: str, delimiter: str) -> str:
    meanings = {**_LETTERS, delimiter: delimiter}
    return _PAIR.sub(lambda pair: meanings.get(pair[1], pair[0]), raw)


def _check_header(row: list[Cell]) -> list[str]:
    names = [name for name in row if name]
    if len(names) != len(row):
        raise DsvError("a column has no name", 1)
    if len(set(names)) != len(names):
        raise DsvError("two columns have the same name", 1)
    return names
