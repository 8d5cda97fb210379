"""Columns side by side, as many as the console has room for. Nothing in them is cut, so no two names look alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from runner.visible import visible

GAP = 3
"""Characters between two columns of a `box.SIMPLE_HEAD` table."""
EDGES = 2
"""Characters left and right of it, together."""


@dataclass(frozen=True)
class Column:
    """A name, which may be untrusted, and one cell a row."""

    name: str
    cells: Sequence[Text]
    unbroken: int = 0
    """The least width at which no cell breaks where it should not."""

    @property
    def least(self) -> int:
        return max(1, cell_len(visible(self.name)), self.unbroken)

    @property
    def natural(self) -> int:
        """The width at which nothing breaks at all."""
        return max([self.least, *(cell_len(cell.plain) for cell in self.cells)])


class Across:
    """A column of labels, and the others beside it; those without room, or beyond `most`, go into further tables.

    Names and labels are shown letter by letter; one that is longer than the console is wide is folded.
    """

    def __init__(self, corner: str, labels: Sequence[str], columns: Sequence[Column], most: int | None = None) -> None:
        self._corner = corner
        self._labels = [visible(label) for label in labels]
        self._columns = columns
        self._most = most

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widest = max((column.least for column in self._columns), default=0)
        room = options.max_width - EDGES
        label = max(cell_len(text) for text in [self._corner, *self._labels])
        label = max(1, min(label, max(room // 2, room - GAP - widest)))
        left = list(self._columns)
        while True:
            group = self._fitting(left, room - label)
            yield self._table(group, label, room - label)
            left = left[len(group) :]
            if not left:
                return

    def _fitting(self, columns: Sequence[Column], room: int) -> list[Column]:
        """As many of the first columns as there is room for, one at least."""
        fitting: list[Column] = []
        for column in columns[: self._most]:
            room -= GAP + column.least
            if fitting and room < 0:
                break
            fitting.append(column)
        return fitting

    def _table(self, columns: Sequence[Column], label: int, room: int) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column(Text(self._corner), width=label, overflow="fold")
        spare = room - sum(GAP + column.least for column in columns)
        for column in columns:
            width = min(column.natural, max(1, column.least + spare // len(columns)))
            table.add_column(Text(visible(column.name)), width=width, overflow="fold")
        for row, text in enumerate(self._labels):
            table.add_row(Text(text), *(column.cells[row] for column in columns))
        return table
