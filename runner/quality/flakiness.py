"""Tests whose outcome differs from grading to grading, and what it means that none did."""

from __future__ import annotations

from collections.abc import Sequence

from runner.grading.baseline import unstable
from runner.grading.grade import Grading
from runner.messages import Frozen

LEVEL = 0.95


class Flakiness(Frozen):
    """What repeated gradings of base and reference say."""

    gradings: int
    """Of both sides together."""
    tests: tuple[str, ...] = ()
    """Node ids that came out in two ways on one side."""
    below: float | None = None
    """Where none did: the rate of gradings that differ is below this with 95 % confidence; None for one grading a
    side, which nothing can differ from."""

    @property
    def line(self) -> str:
        if self.tests:
            return f"{len(self.tests)} tests differ over {self.gradings} gradings"
        if self.below is None:
            return "flakiness unknown with one grading a side"
        return f"0 of {self.gradings} gradings differ: flake rate below {100 * self.below:.0f} % (95 %)"


def flakiness(before: Sequence[Grading], after: Sequence[Grading]) -> Flakiness:
    """From the gradings of the base and of the reference."""
    tests = tuple(sorted(unstable(before) | unstable(after)))
    total = len(before) + len(after)
    return Flakiness(gradings=total, tests=tests, below=none_of(total) if not tests and len(before) > 1 else None)


def none_of(n: int, level: float = LEVEL) -> float:
    """The upper bound of a rate of which n independent draws showed no case: 1 - (1 - level)^(1/n).

    For large n about 3/n at 95 %, the rule of three. Hanley & Lippman-Hand, "If nothing goes wrong, is everything all
    right?", JAMA 1983.
    """
    return float(1 - (1 - level) ** (1 / n))
