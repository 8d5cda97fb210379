"""A strategy as a generator: it yields turns and is sent, for each, the tools' answers in the calls' order."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple, TypeVar

from runner.messages import ToolMessage
from runner.models.repair.patches import Edit

T = TypeVar("T")


class Ask(NamedTuple):
    """One tool call, still without an id."""

    tool: str
    arguments: dict[str, Any]


class Turn(NamedTuple):
    """What is said, and what is asked of tools, in one reply."""

    text: str
    asks: Sequence[Ask]


Dialogue = Generator[Turn, list[ToolMessage], T]
"""A part of a strategy that takes some turns and returns a T."""


def run_tests(tests: Sequence[str] = ()) -> Ask:
    return Ask("run_tests", {"tests": list(tests)})


def show_diff() -> Ask:
    return Ask("show_diff", {})


def edit_file(edit: Edit) -> Ask:
    return Ask("edit_file", {"path": edit.path, "old": edit.old, "new": edit.new})
