"""Near duplicates as text: what they share in figures, then both side by side."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import dedent

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from runner.duplicates.near import Measure, Neighbours
from runner.duplicates.texts import Described, View, shared
from runner.visible import visible

SHOWN = 1_500
"""Characters of each text; a text that has not `SPARE` more is shown whole."""
SPARE = 300
SECTIONS: dict[View, str] = {"instruction": "the issue", "patch": "what the fix adds", "code": "the code around it"}
LIKE = "bold green"
FENCE = re.compile(r" {0,3}(?:```|~~~)")
BLOCK = re.compile(rf"[#>|*+\s-]|\d+[.)]|{FENCE.pattern}")
"""Begins a block of Markdown; any other line goes on with the paragraph before it."""
ITEM = re.compile(r"[*+-] |\d+[.)] ")
ALONE = re.compile(rf"[#|]|\s|{FENCE.pattern}")
"""A line with which no paragraph goes on."""


def row(pair: Neighbours) -> str:
    """One line."""
    views = ", ".join(f"{view} {score:.2f}" for view, score in pair.scores.items())
    return f"{pair.score:.2f}  {pair.first}  ~  {pair.second}  ({views})"


def beside(pair: Neighbours, first: Described, second: Described | None) -> RenderableType:
    """Both, part by part, words that both have marked; of a corpus that has changed since, only where to look."""
    table = Table(box=box.SIMPLE_HEAD, expand=True, show_edge=False, padding=(0, 1))
    for name, source in ((pair.first, pair.first_source), (pair.second, pair.second_source)):
        place = "" if name.startswith(source) else f"\n{visible(source)}"
        table.add_column(Text.assemble(visible(name), (place, "dim")), ratio=1, overflow="fold")
    for view, theirs in _sections(pair, first, second):
        ours, theirs = (_readable(view, text) for text in (first.texts[view], theirs))
        table.add_row(Text(SECTIONS[view], style="bold"), Text(_scores(pair, view), style="dim"))
        table.add_row(_marked(view, ours, theirs), _marked(view, theirs, ours))
        table.add_row("", "")
    return Group(Text(visible(row(pair)), style="bold"), table)


def _sections(pair: Neighbours, first: Described, second: Described | None) -> Iterator[tuple[View, str]]:
    """The parts that are shown, with the other side's text; of a window of a corpus the nearest part alone."""
    is_window = second is not None and len(set(second.texts.values())) == 1
    best = max(SECTIONS, key=lambda view: max((pair.scores.get(each, 0.0) for each in _measures(view)), default=0.0))
    for view in (best,) if is_window else ("instruction", "patch") if best != "code" else SECTIONS:
        theirs = second.texts[view] if second is not None else ""
        if first.texts[view].strip() or theirs.strip():
            yield view, theirs


def _measures(view: View) -> tuple[Measure, ...]:
    return ("instruction", "meaning") if view == "instruction" else (view,)


def _scores(pair: Neighbours, view: View) -> str:
    return ", ".join(f"{name} {pair.scores[name]:.2f}" for name in _measures(view) if name in pair.scores)


def _marked(view: View, text: str, other: str) -> Text:
    """The beginning of a text, with what the other one says, too, in another style."""
    begun = text[: SHOWN if len(text) > SHOWN + SPARE else None]
    shown, at = Text(), 0
    for start, end in shared(view, begun, other):
        shown.append(visible(begun[at:start], newlines=True))
        shown.append(visible(begun[start:end], newlines=True), style=LIKE)
        at = end
    shown.append(visible(begun[at:], newlines=True))
    if len(text) > len(begun):
        shown.append(f"\n… {len(text) - len(begun):,} more characters", style="dim")
    return shown


def _readable(view: View, text: str) -> str:
    """Code without the indentation that all of it has, paragraphs without line ends: columns are narrow."""
    if view != "instruction":
        return dedent(text.expandtabs(4)).strip("\n")
    lines: list[str] = []
    is_code = False
    for line in text.strip().splitlines():
        last = lines[-1] if lines else ""
        goes_on = (ITEM.match(last) and line[:1] == " ") or not (BLOCK.match(line) or ALONE.match(last))
        if last and line.strip() and goes_on and not is_code and not FENCE.match(line):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
        is_code ^= FENCE.match(line) is not None
    return "\n".join(lines)


def warnings(pairs: Sequence[Neighbours], pack: Path, most: int = 5) -> list[str]:
    """What is said of new scenarios of a pack that are near to others, each with the command that shows both."""
    command = f"taskfit scenarios duplicates {shlex.quote(str(pack))}"
    lines = [
        f"{pair.first} says nearly what {pair.second} says ({pair.score:.2f}); both count as scenarios of their own: "
        f"{command} --pair {' '.join(map(shlex.quote, _named(pair)))}"
        for pair in pairs[:most]
    ]
    return [*lines, *([f"{len(pairs) - most} more such pairs: {command}"] if len(pairs) > most else [])]


def _named(pair: Neighbours) -> tuple[str, str]:
    """Both by their ids, or by their folders where those are the same."""
    if pair.first != pair.second:
        return pair.first, pair.second
    return f"{pair.first_source}/{pair.first}", f"{pair.second_source}/{pair.second}"
