"""What is to be started every night, and what has to be written where for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runner.errors import UserError
from runner.nightly.when import Hours


@dataclass(frozen=True)
class Job:
    """A command that is started every night."""

    name: str
    """The study's: letters, digits, `-` and `_`."""
    command: tuple[str, ...]
    """An absolute path and its arguments."""
    folder: Path
    """Where it is started."""
    variables: Mapping[str, str]
    """No secret is among them."""
    hours: Hours
    log: Path
    """Where what it prints goes, where nothing else keeps it."""

    def __post_init__(self) -> None:
        for text in (*self.command, str(self.folder), str(self.log), *self.variables.values()):
            if not text.isprintable() or "\\" in text:
                raise UserError(f"{text!r}: no timer can carry control characters or backslashes; use another path")


@dataclass(frozen=True)
class Plan:
    """What to write, and how it is set going."""

    files: Mapping[Path, str] = field(default_factory=dict)
    """Whole files, by path."""
    crontab: str = ""
    """Lines for the user's crontab."""
    activate: tuple[tuple[str, ...], ...] = ()
    """Commands after writing."""
    deactivate: tuple[tuple[str, ...], ...] = ()
    """Commands before removing."""
    notes: tuple[str, ...] = ()
    """What the user should know."""
