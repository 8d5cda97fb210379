"""Near duplicates as text: what they share in figures, then both side by side."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from runner.duplicates.near import Neighbours
from runner.duplicates.texts import Described
from runner.visible import visible

SHOWN = 1_500
"""Characters of each text."""


def row(pair: Neighbours) -> str:
    """One line."""
    views = ", ".join(f"{view} {score:.2f}" for view, score in pair.scores.items())
    return f"{pair.score:.2f}  {pair.first}  ~  {pair.second}  ({views})"


def beside(pair: Neighbours, first: Described, second: Described | None) -> RenderableType:
    """Instruction and fix of both; of a file of a corpus, where to look."""
    table = Table(box=box.SIMPLE_HEAD, expand=True)
    for name in (pair.first, pair.second):
        table.add_column(Text(visible(name)), ratio=1, overflow="fold")
    for view in ("instruction", "patch"):
        other = second.texts[view] if second is not None else ""
        table.add_row(_text(first.texts[view]), _text(other))
    return Group(Text(visible(row(pair)), style="bold"), table)


def warnings(pairs: Sequence[Neighbours], most: int = 5) -> list[str]:
    """What is said of new scenarios that are near to others, a sentence each."""
    lines = [
        f"{pair.first} says nearly what {pair.second} says ({pair.score:.2f}); both count as scenarios of their own"
        for pair in pairs[:most]
    ]
    return [*lines, *([f"{len(pairs) - most} more: taskfit scenarios duplicates"] if len(pairs) > most else [])]


def _text(text: str) -> Text:
    return Text(visible(text.strip()[:SHOWN], newlines=True))
