"""What a transformation takes and gives: a scenario as plain trees and texts, before and after."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from runner.arms import TwinKind
from runner.errors import TaskfitError
from runner.scenarios.scenario import Scenario
from sandboxes.archive import Tree


class TwinRefused(TaskfitError):
    """A scenario has no twin of this kind. `code` is stable:

    not-python          its tests are of another language
    too-large           more Python than is transformed
    no-utf-8            the twin's fix cannot be written as a patch
    nothing-to-change   nothing in it can be changed safely
    original-invalid    the original itself does not hold
    unlike              the twin's tests come out otherwise than the original's
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True)
class Subject:
    """A scenario's content, without where it is kept."""

    scenario: Scenario
    base: Tree
    solved: Tree
    hidden: Tree
    instruction: str
    framings: Mapping[str, str]
    """Name → text, without the instruction itself."""

    @property
    def texts(self) -> list[str]:
        """All that a model may be told."""
        return [self.instruction, *self.framings.values()]

    @property
    def trees(self) -> tuple[Tree, Tree, Tree]:
        return self.base, self.solved, self.hidden


@dataclass(frozen=True)
class Terms:
    """What a transformation goes by beside its subject."""

    seed: int
    outside: Callable[[Collection[str]], frozenset[str]] = lambda modules: frozenset()
    """The names that modules from outside, the language and its library have; it may have to ask a sandbox."""
    without: frozenset[str] = frozenset()
    """Names, or paths, of the original that are left as they are."""


@dataclass(frozen=True)
class Transformed:
    """What a transformation made."""

    subject: Subject
    names: Mapping[str, str] = field(default_factory=dict)
    """New → old: identifiers, paths, or places; for reading a twin."""
    changed: int = 0
    """Of what could be changed: distinct names, modules, definitions or comments."""
    candidates: int = 0
    uses: float = 0.0
    """The share of the code's identifiers, wherever they stand, that are others now; 0 to 1."""
    touched: frozenset[str] = frozenset()
    """Paths, of the original, of files that are otherwise by more than names; a proof may point at them."""
    words: frozenset[str] = frozenset()
    """New ones among `names` that are no names of code but words of what it says: of messages, of tests' examples."""


class Transformation(Protocol):
    """One kind of twin. The same subject and terms make the same twin."""

    kind: TwinKind

    def apply(self, subject: Subject, terms: Terms) -> Transformed:
        """Raises TwinRefused where nothing can be changed safely."""
        ...
