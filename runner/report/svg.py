"""Drawings as plain data and SVG made by small functions; every text in them is made visible and escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from runner.visible import visible

LABEL = 40
"""Characters of a name that a drawing has room for; the table beside it has the whole name."""
ROW = 44
"""Height of a row: a line of text, and below it the marks."""


@dataclass(frozen=True)
class Table:
    """A table: a header of columns, and rows whose first cell is a header."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Panel:
    """One drawing with its name; empty where the chart has but one."""

    label: str
    svg: Markup


@dataclass(frozen=True)
class Chart:
    """A figure: what it says, its drawings, the legend (class of the swatch, meaning) and the same as a table."""

    id: str
    title: str
    caption: str
    panels: Sequence[Panel]
    table: Table
    legend: Sequence[tuple[str, str]] = ()
    scrolls: bool = False
    """Its one drawing has a size of its own, and may be wider than the page."""


def element(name: str, *inner: str, **attributes: str | float) -> Markup:
    """An element; `_` in an attribute's name stands for `-`, one at its end is dropped.

    >>> element("text", "a<b\\x1b", x=1.50, class_="k")
    Markup('<text x="1.5" class="k">a&lt;b\\\\x1b</text>')
    """
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{_text(value)}"' for key, value in attributes.items())
    return Markup("<{0}{1}>{2}</{0}>").format(name, Markup(given), Markup().join(map(_text, inner)))


def _text(value: str | float) -> Markup:
    if isinstance(value, Markup):
        return value
    return escape(visible(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip("."))


def cut(words: str, most: int) -> str:
    """The first characters, and a sign that there are more."""
    return words if len(words) <= most else f"{words[: most - 1]}…"


def label(name: str) -> str:
    """A name that fits."""
    shown = visible(name)
    return shown if len(shown) <= LABEL else f"{shown[: LABEL - 16]}…{shown[-15:]}"


def percent(share: float) -> str:
    """A place across a drawing as wide as its page; the margins leave room for half a mark."""
    return f"{1 + 98 * min(1.0, max(0.0, share)):.2f}%"


def wide(height: float, alternative: str, parts: Iterable[str]) -> Markup:
    """A drawing as wide as its page, whose text keeps its size."""
    return element(
        "svg", *parts, class_="wide", width="100%", height=height, role="img", aria_label=cut(alternative, 2000)
    )


def small(width: float, height: float, alternative: str, parts: Iterable[str]) -> Markup:
    """A drawing of a fixed size."""
    box = f"0 0 {width:g} {height:g}"
    return element(
        "svg", *parts, viewBox=box, width=width, height=height, role="img", aria_label=cut(alternative, 2000)
    )


def line(x1: str | float, y1: float, x2: str | float, y2: float, kind: str) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def text(x: str | float, y: float, words: str, kind: str = "", anchor: str = "start") -> Markup:
    return element("text", words, x=x, y=y, text_anchor=anchor, class_=kind or "t")


def heading(y: float, name: str, value: str) -> list[Markup]:
    """A row's first line: the name on the left, its value on the right."""
    return [text(0, y + 14, label(name)), text("100%", y + 14, value, "v", "end")]


def scale(y: float, ticks: Sequence[tuple[float, str]]) -> list[Markup]:
    """Tick labels below the rows, the outer ones within the drawing."""
    anchors = {0.0: "start", 1.0: "end"}
    return [text(percent(at), y + 12, words, "tick", anchors.get(at, "middle")) for at, words in ticks]


PERCENT_TICKS = [(tick / 100, f"{tick} %") for tick in (0, 25, 50, 75, 100)]
