"""Environments inferred from a repository's own files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from runner.repo import Environment, RepoTests
from sandboxes.archive import Tree


@dataclass(frozen=True)
class Guess:
    """What a repository needs, and where that was read."""

    environment: Environment
    suite: RepoTests
    reasons: tuple[str, ...]


def infer(tree: Tree, on: date | None) -> Guess:
    """Nothing is inferred yet."""
    return Guess(Environment(), RepoTests(), ())
