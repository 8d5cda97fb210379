"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from .width import Align, display_width, pad, truncate


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a grid; `limit` is the most terminal columns it may take."""

    title: str
    align: Align = "left"
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise ValueError("limit must be at least 1")

    def fit(self, line: str) -> str:
        """The line cut to the column's limit."""
        return line if self.limit is None else truncate(line, self.limit)


class Grid:
    """Rows under titles, drawn with as much room as the widest cell of each column needs."""

    def __init__(self, columns: Iterable[Column | str]) -> None:
        self.columns = [Column(column) if isinstance(column, str) else column for column in columns]
        if not self.columns:
            raise ValueError("a grid needs at least one column")
        self._rows: list[list[list[str]]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, *cells: object) -> None:
        """Append a row; None is drawn as an empty cell, a text may have several lines."""
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} cells for {len(self.columns)} columns")
        self._rows.append([_cell_lines(column, cell) for column, cell in zip(self.columns, cells)])

    def draw(self) -> str:
        """The grid as text, every line ended, without blanks at the ends of lines."""
        titles = [[column.fit(column.title)] for column in self.columns]
        widths = [
            max(display_width(line) for cell in cells for line in cell)
            for cells in zip(titles, *self._rows)
        ]
        lines = self._draw_row(titles, widths)
        lines.append("-+-".join("-" * width for width in widths))
        for row in self._rows:
            lines.extend(self._draw_row(row, widths))
        return "".join(line + "\n" for line in lines)

    def _draw_row(self, row: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
        return [
            " | ".join(
                pad(cell, width, column.align) for cell, width, column in zip(cells, widths, self.columns)
            ).rstrip()
            for cells in zip_longest(*row, fillvalue="")
        ]


def _cell_lines(column: Column, cell: object) -> list[str]:
    text = "" if cell is None else str(cell)
    return [column.fit(line) for line in text.expandtabs(4).split("\n")]
