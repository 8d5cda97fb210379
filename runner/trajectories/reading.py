"""A foreign file read within bounds: what is wrong with it is a FileProblem that names the file and the place."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from runner.errors import FileProblem
from runner.trajectories.base import Source
from runner.visible import visible

LARGEST = 256 << 20
"""Bytes of a file of text."""
LARGEST_ARCHIVE = 1 << 30
REASONING = frozenset(
    {"reasoning", "thinking", "redacted_thinking", "reasoning.text", "reasoning.summary", "reasoning.encrypted"}
)
"""Types of parts that hold what a model thought."""
LONGEST_NAME = 200
"""Characters of an id or a name."""


def source(path: Path) -> Source:
    """A file and its digest. Raises FileProblem for what is no file, or too large."""
    if not path.is_file():
        raise FileProblem(path, "is no file that can be read" if path.exists() else "is not there")
    digest = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                size += len(block)
                if size > LARGEST_ARCHIVE:
                    raise FileProblem(path, f"has more than {LARGEST_ARCHIVE >> 20:,} MiB")
                digest.update(block)
    except OSError as error:
        raise FileProblem(path, f"cannot be read: {error.strerror}") from None
    return Source(path, digest.hexdigest(), size)


def document(found: Source) -> Any:
    """A file's JSON. Numbers that are none are taken for absent. Raises FileProblem."""
    if found.size > LARGEST:
        raise FileProblem(found.path, f"has {found.size >> 20:,} MiB; at most {LARGEST >> 20} are read as JSON")
    try:
        data = found.path.read_bytes()
    except OSError as error:
        raise FileProblem(found.path, f"cannot be read: {error.strerror}") from None
    if data.startswith(b"PK\x03\x04"):
        raise FileProblem(found.path, "is a zip archive that ends too early: its list of members is missing")
    return parsed(found.path, data)


def parsed(path: Path, data: bytes, where: str = "") -> Any:
    """JSON text, of a file or of a member of one."""
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=lambda text: None)
    except UnicodeDecodeError as error:
        raise FileProblem(path, f"is no UTF-8 text: byte {error.start:,} is {data[error.start]:#04x}", where) from None
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            problem = f"holds more than one JSON value (line {error.lineno}); give each trajectory a file of its own"
        else:
            problem = f"is no JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise FileProblem(path, problem, where) from None
    except RecursionError:
        raise FileProblem(path, "is nested too deeply to be read", where) from None
    except ValueError as error:
        raise FileProblem(path, f"is no JSON that can be read: {error}", where) from None


class Place:
    """A value in a document, and the way to it; asked for a type it is not, it says so and where."""

    def __init__(self, path: Path, value: Any, where: str = "") -> None:
        self.path = path
        self.value = value
        self.where = where

    def wrong(self, problem: str) -> NoReturn:
        raise FileProblem(self.path, problem, visible(self.where)[:LONGEST_NAME])

    def get(self, name: str) -> Place:
        """A member of an object; None where it has none of that name."""
        if not isinstance(self.value, dict):
            self.wrong(f"is {_kind(self.value)}; an object was expected")
        return Place(self.path, self.value.get(name), f"{self.where}.{name}" if self.where else name)

    def items(self) -> list[Place]:
        """The members of a list; none where it is absent."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            self.wrong(f"is {_kind(self.value)}; a list was expected")
        return [Place(self.path, value, f"{self.where}[{at}]") for at, value in enumerate(self.value)]

    def objects(self) -> list[Place]:
        """The members of a list, each of which must be an object."""
        found = self.items()
        for each in found:
            if not isinstance(each.value, dict):
                each.wrong(f"is {_kind(each.value)}; an object was expected")
        return found

    def maybe(self, name: str) -> Place:
        """Like `get`, of what may be no object."""
        return self.get(name) if isinstance(self.value, dict) else Place(self.path, None, f"{self.where}.{name}")

    @property
    def is_there(self) -> bool:
        return self.value is not None

    def text(self) -> str:
        """A text; empty where it is absent."""
        if self.value is None:
            return ""
        if not isinstance(self.value, str):
            self.wrong(f"is {_kind(self.value)}; a text was expected")
        return self.value

    def name(self) -> str:
        """A short text without anything invisible, as an id or a name; a number is one, too."""
        value = str(self.value) if isinstance(self.value, int) and not isinstance(self.value, bool) else self.text()
        return visible(value)[:LONGEST_NAME]

    def number(self) -> float | None:
        """A finite number; None where it is absent."""
        if self.value is None:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.wrong(f"is {_kind(self.value)}; a number was expected")
        try:
            found = float(self.value)
        except OverflowError:
            self.wrong("is a number beyond all measure")
        return found if math.isfinite(found) else None

    def count(self) -> int | None:
        """A number of things; None where it is absent."""
        found = self.number()
        if found is not None and not 0 <= found < 1 << 53:
            self.wrong(f"is {found:g}; a count was expected")
        return None if found is None else int(found)


def scalar(value: Any) -> str | int | float | bool | None:
    """A value that is told on: a number, or a short text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value if math.isfinite(value) and abs(value) < 1 << 53 else None
    text = value if isinstance(value, str) else json.dumps(value)
    return visible(text)[:LONGEST_NAME]


def content(place: Place, left_out: list[str], turn: bool = False) -> str:
    """The text of a message: a text, or a list of parts, of which other kinds are named and left out.

    Of a `turn` of a model's, `reasoning.read` takes what it thought.
    """
    if not isinstance(place.value, list):
        return place.text()
    texts: Sequence[str] = []
    found = []
    for part in place.items():
        if isinstance(part.value, str):
            found.append(part.value)
            continue
        kind = part.get("type").name()
        if kind in ("text", "output_text", "input_text") or (not kind and part.get("text").is_there):
            found.append(part.get("text").text())
        elif turn and kind in REASONING:
            continue
        else:
            left_out.append(f"content of type {kind or 'unknown'}")
            found.append(f"[{kind or 'unknown'} left out]")
    texts = found
    return "\n".join(texts)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "absent"}
    return names.get(type(value), "a number")
