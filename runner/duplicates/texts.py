"""What is compared of a scenario: what it asks, what its fix adds, the code around it, the fix without its names."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from runner.errors import UserError
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.leaks import KEYWORDS

View = Literal["instruction", "patch", "code", "shape"]
"""`patch`: lines that the reference fix adds; `code`: what it removes, and the lines around; `shape`: both, each name
replaced by the place at which it first occurs, so that a renamed fix is the same."""
VIEWS: tuple[View, ...] = get_args(View)
WIDTH: Mapping[View, int] = {"instruction": 3, "patch": 4, "code": 4, "shape": 6}
"""Tokens of a shingle."""
FEWEST = 8
"""Shingles of a view that says anything: two one-line fixes may well be alike."""
TELLING = 2
"""Different tokens beside names in a shingle of `shape`: a list of names has no shape."""
WINDOW = 200
"""Tokens of a corpus that are compared at a time; half as many are shared with the next window."""
MOST_BYTES = 4_000_000
"""Of one file of a corpus; the rest of it is not read."""
MOST_FILES = 50_000
TOKEN = re.compile(r"[^\W\d]\w*|\d+|[^\w\s]")
WORD = re.compile(r"\w+")
NAME = re.compile(r"[^\W\d]\w*")
Shingles = frozenset[int]


@dataclass(frozen=True)
class Described:
    """One scenario, or one window of a file of a corpus."""

    id: str
    source: str
    """The pack's folder, or the file with its line."""
    texts: Mapping[View, str]

    @cached_property
    def shingles(self) -> dict[View, Shingles]:
        """CRC-32 of each run of tokens; views that say too little left out."""
        found = {view: shingles(view, text) for view, text in self.texts.items()}
        return {view: each for view, each in found.items() if len(each) >= FEWEST}


def described(found: ScenarioFolder) -> Described:
    """A scenario, of its files alone: nothing is checked out."""
    added, around = sides(found.solution_patch)
    texts: dict[View, str] = {
        "instruction": found.instruction,
        "patch": added,
        "code": around,
        "shape": f"{around}\n{added}",
    }
    return Described(found.id, str(found.folder.parent), texts)


def sides(patch: str) -> tuple[str, str]:
    """The lines that a unified diff adds, and those that it removes or leaves around them."""
    added, around, inside = [], [], False
    for line in patch.splitlines():
        if line.startswith("diff --git ") or (line.startswith("--- ") and not inside):
            inside = False
        elif line.startswith("@@"):
            inside = True
        elif inside and line.startswith("+"):
            added.append(line[1:])
        elif inside and line[:1] in ("-", " "):
            around.append(line[1:])
    return "\n".join(added), "\n".join(around)


def shingles(view: View, text: str) -> Shingles:
    """Broder 1997, On the resemblance and containment of documents."""
    tokens = _tokens(view, text)
    width = WIDTH[view]
    runs = (tokens[at : at + width] for at in range(max(0, len(tokens) - width + 1)))
    told = (run for run in runs if view != "shape" or len({each for each in run if each[:5] != "name-"}) >= TELLING)
    return frozenset(zlib.crc32("\0".join(run).encode("utf-8", "replace")) for run in told)


def shared(view: View, text: str, other: str) -> list[tuple[int, int]]:
    """Where a text says what another one says, too: runs of tokens of a shingle's length or more, as places in it."""
    pattern, width = WORD if view == "instruction" else TOKEN, WIDTH[view]
    there = shingles(view, other)
    found = list(pattern.finditer(text))
    tokens = _tokens(view, "\n".join(token.group() for token in found))
    spans: list[tuple[int, int]] = []
    for at in range(len(tokens) - width + 1 if len(tokens) == len(found) else 0):
        if zlib.crc32("\0".join(tokens[at : at + width]).encode("utf-8", "replace")) in there:
            start, end = found[at].start(), found[at + width - 1].end()
            if spans and start <= spans[-1][1]:
                start = spans.pop()[0]
            spans.append((start, end))
    return spans


def _tokens(view: View, text: str) -> list[str]:
    if view == "instruction":
        return WORD.findall(text.lower())
    tokens = TOKEN.findall(text)
    return _nameless(tokens) if view == "shape" else tokens


def _nameless(tokens: Sequence[str]) -> list[str]:
    """Names by how long ago they were last met, so that a shingle does not depend on all that stands before it."""
    last: dict[str, int] = {}
    found = []
    for at, token in enumerate(tokens):
        if NAME.fullmatch(token) is None or token in KEYWORDS:
            found.append(token)
            continue
        ago = at - last[token] if token in last else 0
        found.append(f"name-{ago if ago <= WIDTH['shape'] else 0}")
        last[token] = at
    return found


def corpus(folder: Path) -> Iterator[Described]:
    """Windows of the text files below a folder; links are not followed, and files that hold a zero byte are no text.

    Raises UserError where there is no such folder, or it holds more files than a corpus may.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder; name one that holds texts, patches or code")
    seen = 0
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(names):
            file = Path(root, name)
            if file.is_symlink() or not file.is_file():
                continue
            seen += 1
            if seen > MOST_FILES:
                raise UserError(f"{folder} holds more than {MOST_FILES:,} files; name a smaller one")
            yield from _windows(file)


def window(source: str, name: str) -> Described | None:
    """A window of a file again, by what `corpus` called both; None where the file has changed since."""
    return next((each for each in _windows(Path(source)) if each.id == name), None)


def _windows(file: Path) -> Iterator[Described]:
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES)
    except OSError:
        return
    if b"\0" in data:
        return
    text = data.decode("utf-8", "replace")
    ends = [match.end() for match in TOKEN.finditer(text)]
    step = WINDOW // 2
    line, counted = 1, 0
    for at in range(0, max(1, len(ends) - step), step):
        start = ends[at - 1] if at else 0
        window = text[start : ends[min(at + WINDOW, len(ends)) - 1] if ends else 0]
        line, counted = line + text.count("\n", counted, start), start
        yield Described(f"{file}:{line}", str(file), dict.fromkeys(VIEWS, window))
