"""What a program's handler says about a call: values that the classifier judges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from runner.commands.words import Word
from runner.effects import Effect


class Action(Enum):
    MENTION = "mention"
    """Counts only when the path is a secret."""
    READ = "read"
    WRITE = "write"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Does:
    """The call has these effects whatever its paths are."""

    effects: tuple[Effect, ...]
    target: str = ""


@dataclass(frozen=True, slots=True)
class Touch:
    """The call acts on a path; `tree` when on all that lies below it too."""

    word: Word
    action: Action
    tree: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """The call starts another program, in the folder `cwd` if given."""

    words: tuple[Word, ...]
    cwd: Word | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """The call has a shell run this text; `here` when it is the shell at hand, which may then move."""

    word: Word
    here: bool = False


@dataclass(frozen=True, slots=True)
class Stdin:
    """The call has a shell run its standard input."""


@dataclass(frozen=True, slots=True)
class Chdir:
    """The shell moves; None when nobody knows where."""

    word: Word | None


@dataclass(frozen=True, slots=True)
class Assign:
    """The call sets an environment variable."""

    name: str
    value: Word


Finding: TypeAlias = Does | Touch | Assign | Call | Source | Stdin | Chdir
Handler: TypeAlias = Callable[[str, Sequence[Word]], Iterator[Finding]]
"""Takes the program's plain name and its arguments."""

READS = Does((Effect.READ,))
RUNS = Does((Effect.RUN,))
UNKNOWN = Word("", known=False)


def unknown(target: str) -> Does:
    return Does((Effect.UNKNOWN,), target)


def each(words: Sequence[Word], action: Action, tree: bool = False) -> Iterator[Touch]:
    for word in words:
        yield Touch(word, action, tree)


def names(*tables: str) -> frozenset[str]:
    """The names in tables that separate them by blanks."""
    return frozenset(name for table in tables for name in table.split())
