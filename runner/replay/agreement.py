"""Whether a call answered the same as when it was recorded: strict but for what must differ between two runs.

Exit codes, time-outs, errors, faults and the outcomes of tests are compared as they are. In the text, what tells the
time, counts processes or names something drawn is taken as the same (`runner.replay.normal`); which rules that needed
is told, and the raw text kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest

from runner.replay.normal import normalised
from runner.replay.seen import Answer

LONGEST = 500
"""Characters of a differing line that are told."""
CUT = re.compile(r"\n\.\.\. \d+ bytes left out \.\.\.\n")
"""Where a long output lacks its middle."""
EDGES = "where the middle was left out"
"""The name of what is taken as the same beside a cut."""


@dataclass(frozen=True)
class Compared:
    """The answer to a comparison."""

    why: str = ""
    """In a sentence, in what the two differ; empty where they agree."""
    recorded_line: str = ""
    replayed_line: str = ""
    normalised: tuple[str, ...] = ()


def compared(recorded: Answer, replayed: Answer, then: str, now: str) -> Compared:
    """Two answers to one call; `then` and `now` say when each was given (UTC, ISO 8601)."""
    for name, said in (
        ("timed_out", "time-out"),
        ("exit_code", "exit code"),
        ("is_error", "error"),
        ("faults", "faults that struck"),
    ):
        before, after = getattr(recorded, name), getattr(replayed, name)
        if before != after:
            lines = _first(*_texts(recorded, replayed, then, now)[:2])
            return Compared(f"{said}: {_said(before)} then, {_said(after)} now", *lines)
    if recorded.text == replayed.text:
        return Compared()
    old, new, names = _texts(recorded, replayed, then, now)
    if old == new:
        return Compared(normalised=names)
    return Compared("the text", *_first(old, new), names)


def _texts(recorded: Answer, replayed: Answer, then: str, now: str) -> tuple[str, str, tuple[str, ...]]:
    """Both texts, normalised, and the rules that either needed."""
    old, used = normalised(recorded.text, then)
    new, also = normalised(replayed.text, now)
    if recorded.elided_bytes and replayed.elided_bytes:
        old, new = _without_edges(old), _without_edges(new)
        used |= {EDGES}
    return old, new, tuple(sorted(used | also))


def _without_edges(text: str) -> str:
    """A cut text without the lines on either side of the cut, which durations of another length shift."""
    parts = CUT.split(text)
    if len(parts) != 2:
        return text
    head, tail = parts
    return f"{head[: head.rfind(chr(10)) + 1]}<left out>\n{tail[tail.find(chr(10)) + 1 :]}"


def _first(old: str, new: str) -> tuple[str, str]:
    """The first line that differs, on either side."""
    for before, after in zip_longest(old.splitlines(), new.splitlines()):
        if before != after:
            return _line(before), _line(after)
    return "", ""


def _line(line: str | None) -> str:
    return "(no more lines)" if line is None else line[:LONGEST]


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
