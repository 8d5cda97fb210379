"""Writing delimited tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .dialect import ESCAPE, NULL, PIPES, Dialect
from .errors import DsvError

Cell = str | None


def write_dsv(
    rows: Iterable[Sequence[Cell]], columns: Sequence[str] | None = None, dialect: Dialect = PIPES
) -> str:
    """The rows as a delimited table, with a header line if the dialect has one."""
    lines = []
    width = None if columns is None else len(columns)
    if dialect.header:
        if columns is None:
            raise DsvError("the dialect has a header, but there are no column names")
        lines.append(_format_line(columns, dialect))
    for number, row in enumerate(rows, start=len(lines) + 1):
        if width is None:
            width = len(row)
        if len(row) != width:
            raise DsvError(f"{len(row)} cells where {width} are expected", number)
        lines.append(_format_line(row, dialect))
    return "".join(line + "\n" for line in lines)


def _format_line(row: Sequence[Cell], dialect: Dialect) -> str:
    if not row:
        raise DsvError("a row without cells cannot be written")
    return dialect.delimiter.join(
        NULL if cell is None else _escape(cell, dialect.delimiter) for cell in row
    )


def _escape(text: str, delimiter: str) -> str:
    escapes = {
        delimiter: ESCAPE + delimiter,
        ESCAPE: r"\\",
        "\n": r"\n",
        "\r": r"\r",
        "\t": r"\t",
    }
    return text.translate(str.maketrans(escapes))
