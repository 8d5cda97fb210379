"""A parsed script: plain values, without the parser."""

from __future__ import annotations

from dataclasses import dataclass

from runner.commands.words import Word


@dataclass(frozen=True, slots=True)
class Redirect:
    operator: str
    target: Word
    """The file; after `<<` and `<<<` the text itself."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One simple command; without words it only assigns or redirects."""

    words: tuple[Word, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    assignments: tuple[tuple[str, Word], ...] = ()
    shell: tuple[int, ...] = ()
    """The subshells around it, outermost first: a `cd` inside does not move the shells outside."""
    certain: bool = True
    """It is not under a condition, in a loop, after `||` or in a function."""
    concurrent: bool = False
    """It is part of a pipeline or runs in the background."""


@dataclass(frozen=True)
class Script:
    invocations: tuple[Invocation, ...] = ()
    functions: frozenset[str] = frozenset()
    broken: bool = False
    bomb: bool = False
    """A function starts itself in a pipeline or in the background."""
