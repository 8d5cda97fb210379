"""What `--help` says beside the commands' own words: one line a command, and what an option takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.models import OptionInfo

WORDS: dict[type, str] = {str: "TEXT", int: "N", float: "N", Path: "PATH"}


def in_short(app: typer.Typer) -> None:
    """A line for each command, where commands are listed."""
    for command in _commands(app):
        command.short_help = command.short_help or _first_words(command.callback)


def in_words(app: typer.Typer) -> None:
    """What each option takes, where its command does not say it better; only help shows it, and it takes a moment."""
    for command in _commands(app):
        _name_values(command.callback)


def _commands(app: typer.Typer) -> Iterator[Any]:
    """Those that have a function, of groups as well."""
    yield from (command for command in app.registered_commands if command.callback is not None)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from _commands(group.typer_instance)


def _first_words(command: Callable[..., Any]) -> str:
    """Of its docstring, up to the first colon, semicolon or full stop: lists cut longer ones off in the middle."""
    text = " ".join((command.__doc__ or "").split())
    return re.split(r"[:;.](?:\s|$)", text, maxsplit=1)[0]


def _name_values(command: Callable[..., Any]) -> None:
    """In annotations that stay: those that are text are made anew whenever they are read."""
    hints = get_type_hints(command, include_extras=True)
    command.__annotations__ = hints
    for hint in hints.values():
        if get_origin(hint) is Annotated:
            taken, *notes = get_args(hint)
            word = next((WORDS[kind] for kind in _plain(taken) if kind in WORDS), None)
            for note in notes:
                if isinstance(note, OptionInfo) and note.metavar is None:
                    note.metavar = word


def _plain(hint: Any) -> Iterator[Any]:
    """The types in `list[str] | None`."""
    parts = get_args(hint)
    if not parts:
        yield hint
    for part in parts:
        yield from _plain(part)
