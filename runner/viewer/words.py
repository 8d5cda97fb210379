"""Filters and tests of the templates: how parts, calls and outcomes are put into words."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from jinja2 import Environment
from markupsafe import Markup, escape

from runner.effects import MEANS
from runner.events.grading import Graded
from runner.messages import shorten
from runner.reading.diffs import Pair, side_by_side
from runner.reading.excerpt import Excerpt, excerpt
from runner.reading.originals import Originals, is_prose
from runner.reading.reader import Reading
from runner.reading.turns import Call, Damaged, Item, Part
from runner.report.templates import breakable, lines
from runner.search.excerpts import Part as Hit
from runner.visible import visible

CLIPPED = 300
"""Characters of a message within a sentence."""
GIST = 500
"""Characters of what a framework says of a test, in a trial's head."""
INLINE = 100
"""Characters of arguments that stand beside the tool's name."""


@dataclass(frozen=True)
class Shape:
    """How a call's arguments are shown."""

    kind: Literal["command", "diff", "content", "json", "inline"]
    text: Excerpt | None = None
    pairs: Sequence[Pair] = ()
    path: str = ""
    """Of a diff; of a few short arguments, these."""


def add_words(templates: Environment) -> None:
    templates.filters.update(
        clipped=clipped,
        gist=gist,
        excerpt=excerpt,
        as_json=as_json,
        shape=shape,
        kind=kind,
        means=lambda effect: MEANS.get(effect, ""),
        failing=failing,
        passing=passing,
        part_title=part_title,
        turn_of=turn_of,
        as_code=as_code,
        as_prose=as_prose,
        as_name=as_name,
        as_sentence=as_sentence,
        as_excerpt=as_excerpt,
        is_prose=is_prose,
    )


def as_code(text: str, originals: Originals | None = None) -> Markup:
    """Text of several lines in which a twin's names carry the original's."""
    return _with_originals(text, originals, False, lines)


def as_prose(text: str, originals: Originals | None = None) -> Markup:
    """The same of what is written for people, in which a plain word need not be a name."""
    return _with_originals(text, originals, True, lines)


def as_name(name: str, originals: Originals | None = None) -> Markup:
    """The same of a path or a test, which may break."""
    return _with_originals(name, originals, False, breakable)


def as_sentence(text: str, originals: Originals | None = None) -> Markup:
    """The same of words within a line of prose."""
    return _with_originals(text, originals, True, lambda piece: escape(visible(piece)))


def as_excerpt(parts: Sequence[Hit], originals: Originals | None = None, prose: bool = False) -> Markup:
    """Text of which some parts were looked for, and are marked; a name may go over several parts."""
    text = "".join(part.text for part in parts)
    edges = {0: False}
    at = 0
    for part in parts:
        edges[at] = part.hit
        at += len(part.text)
    shown, start = Markup(""), 0
    for piece, old in (originals or Originals()).pieces(text, prose):
        end = start + len(piece)
        cuts = [start, *(edge for edge in edges if start < edge < end), end]
        marked = Markup("").join(
            _marked(lines(text[first:last]), edges[max(edge for edge in edges if edge <= first)])
            for first, last in pairwise(cuts)
        )
        shown += _twins_name(marked, old) if old else marked
        start = end
    return shown


def _marked(shown: Markup, hit: bool) -> Markup:
    return Markup("<mark>{}</mark>").format(shown) if hit else shown


def _with_originals(text: str, originals: Originals | None, prose: bool, shown: Callable[[str], Markup]) -> Markup:
    if not originals:
        return shown(text)
    pieces = originals.pieces(text, prose)
    return Markup("").join(_twins_name(shown(piece), old) if old else shown(piece) for piece, old in pieces)


def _twins_name(shown: Markup, old: str) -> Markup:
    """Both names as text, so that either is found and copied; the style sheet hides the one that is not asked for."""
    known = escape(visible(old))
    return Markup(f'<span class="tn" title="{known}"><span>{shown}</span><i>{known}</i></span>')


def clipped(text: str, limit: int = CLIPPED) -> str:
    return shorten(text, limit)


def gist(text: str) -> str:
    """What went wrong in a test: the lines that the framework marks as such, else the last ones."""
    marked = [line for line in text.splitlines() if line.startswith("E  ")]
    return shorten("\n".join(marked[:8]) or "\n".join(text.strip().splitlines()[-6:]), GIST)


def as_json(value: Any) -> Excerpt:
    return excerpt(json.dumps(value, ensure_ascii=False, indent=1))


def shape(call: Call, before: str | None = None) -> Shape:
    """A command as a command, an edit side by side, a file's new content as text, the rest as JSON.

    `before` is what a written file held, where it was there and that is known. Arguments that are not those of the
    tool are JSON, too: the transcript may be of another version.
    """
    match call.tool, dict(call.arguments):
        case "run_command", {"command": str(command)}:
            return Shape("command", excerpt(command))
        case "edit_file", {"path": str(path), "old": str(old), "new": str(new)}:
            pairs = side_by_side(old, new)
            if pairs is not None:
                return Shape("diff", pairs=pairs, path=path)
        case "write_file", {"path": str(path), "content": str(content)}:
            pairs = side_by_side(before, content) if before is not None else None
            return Shape("diff", pairs=pairs, path=path) if pairs else Shape("content", excerpt(content))
        case "submit", _ if call.result is not None and not call.result.is_error:
            return Shape("inline")  # the submission follows
        case _:
            pass
    told = ("", [], None, *call.fact.targets, list(call.fact.targets))  # targets stand beside the tool's name
    given = {name: value for name, value in call.arguments.items() if value not in told}
    short = ", ".join(f"{name} {_short(value)}" for name, value in given.items())
    if len(short) <= INLINE and "\n" not in short:
        return Shape("inline", path=short)
    return Shape("json", as_json(given))


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def kind(item: Item) -> str:
    """`call`, `damaged`, or an event's type."""
    if isinstance(item, Call):
        return "call"
    return "damaged" if isinstance(item, Damaged) else item.event.type


def failing(event: Graded) -> list[tuple[str, str, str]]:
    """Test, outcome and what the framework says of it; those of which it says something first."""
    bad = [(node, outcome) for node, outcome in event.outcomes.items() if outcome != "passed"]
    told = [(node, outcome, event.failures.get(node, "")) for node, outcome in bad]
    return sorted(told, key=lambda each: not each[2])


def passing(event: Graded) -> list[str]:
    return [node for node, outcome in event.outcomes.items() if outcome == "passed"]


def turn_of(step: int, reading: Reading) -> str:
    """Where a step is, in words."""
    part = reading.parts[reading.part_of(step)] if reading.parts else None
    return f"turn {part.turn}, step {step}" if part and part.kind == "turn" else f"step {step}"


def part_title(part: Part) -> str:
    match part.kind:
        case "opening":
            return "Before the first turn"
        case "challenge":
            return "A challenge"
        case "ending":
            return "Grading"
        case "turn":
            return f"Turn {part.turn}, continued" if part.goes_on else f"Turn {part.turn}"
