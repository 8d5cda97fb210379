"""Two trials side by side in a terminal. Everything in them is untrusted and shown as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from runner.alignment import Alignment, Exchange, Kind
from runner.events.calls import CallRefused, Decided, ToolReturned
from runner.events.endings import TrialFinished
from runner.events.grading import Graded
from runner.messages import shorten
from runner.reading.originals import Originals, is_prose
from runner.report.steps import parts
from runner.visible import visible

LONGEST = 300
"""Characters of an action or an answer that are shown."""
SIGNS: Mapping[Kind, str] = {"same": "=", "answer": "≈", "other": "≠", "left": "<", "right": ">"}


def table(found: Alignment, originals: Sequence[Originals] = (Originals(), Originals())) -> Table:
    """What both did alike in one line, then each row; `≈`: the same action, answered otherwise.

    `originals` are what either side's names are in the original, and stand behind them.
    """
    shown = Table(box=None, pad_edge=False, expand=True)
    shown.add_column(Text(visible(found.left.name)), ratio=1, overflow="fold")
    shown.add_column("", width=1)
    shown.add_column(Text(visible(found.right.name)), ratio=1, overflow="fold")
    parted = len(found.rows) if found.parted is None else found.parted
    if parted:
        alike = Text(f"{parted} alike, up to step {_last(found, parted - 1)}", style="dim")
        shown.add_row(alike, "=", Text("the same", style="dim"))
    if found.parted is None:
        shown.add_row(Text("they never part", style="bold"), "", "")
    else:
        shown.add_row(Text("here they part", style="bold"), "", "")
    for row in found.rows[parted:]:
        shown.add_row(_cell(row.left, originals[0]), SIGNS[row.kind], _cell(row.right, originals[1]))
    return shown


def patches(lines: Sequence[str]) -> Text:
    if not lines:
        return Text("\nboth patches are the same", style="dim")
    text = Text("\nthe right patch against the left one", style="bold")
    for line in lines:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim")
        text.append(f"\n{visible(line).expandtabs(8)}", style=style)
    return text


def _last(found: Alignment, row: int) -> str:
    ends = [side.events[-1].step for side in found.rows[row][1:] if side is not None]
    return " and ".join(map(str, dict.fromkeys(ends)))


def _cell(exchange: Exchange | None, originals: Originals) -> Text:
    if exchange is None:
        return Text()
    head = exchange.head
    title, style, body = parts(head)
    text = Text(f"{head.step} ", style="dim")
    text.append(visible(originals.beside(title)), style=style)
    if body:
        text.append(_shown(body, originals, is_prose(head)), style="default")
    for event in exchange.events:
        if isinstance(event, ToolReturned | CallRefused | Decided | Graded | TrialFinished) and event is not head:
            said, style, answer = parts(event)
            text.append(f"\n{event.step} ", style="dim")
            text.append(visible(originals.beside(said)), style=style)
            text.append(_shown(answer, originals, False), style="dim")
    return text


def _shown(text: str, originals: Originals, prose: bool) -> str:
    named = originals.beside(shorten(text, LONGEST), prose)
    return f"\n{visible(named, newlines=True).expandtabs(8)}"
