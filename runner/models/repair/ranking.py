"""The order of trying: suspicion of the place × prior of the operator × affinity with the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runner.models.repair.affinity import Affinity
from runner.models.repair.mutants import Mutant

PRIORS: Mapping[str, float] = {
    "mutable-default": 1.0,
    "boundary": 1.0,
    "sibling": 0.9,
    "member": 0.8,
    "junction": 0.8,
    "boolean": 0.8,
    "regex": 0.8,
    "offset": 0.7,
    "constant": 0.7,
    "end": 0.7,
    "none-check": 0.6,
    "arithmetic": 0.65,
    "ceiling": 0.6,
    "equality": 0.6,
    "arguments": 0.6,
    "rounding": 0.6,
    "reverse": 0.55,
    "copy": 0.5,
    "negation": 0.5,
    "identity": 0.5,
    "direction": 0.45,
    "half": 0.45,
    "jump": 0.45,
    "attribute": 0.4,
    "operands": 0.4,
    "cousin": 0.35,
    "sign": 0.4,
    "default": 0.4,
    "deletion": 0.35,
    "variable": 0.35,
    "outdent": 0.35,
    "assignment": 0.35,
    "format": 0.35,
    "regex-flag": 0.35,
    "count": 0.3,
    "ordering": 0.3,
    "unwrap": 0.3,
    "magnitude": 0.3,
    "exchange": 0.25,
    "local-copy": 0.25,
    "except": 0.2,
    "fixed-condition": 0.2,
    "return": 0.1,
}
"""How likely a fault is of a kind that the operator undoes, relative to the likeliest. Judgement, not measurement:
set by hand, then adjusted by the ranks that the known fixes of five built-in scenarios had (invoice-rounding,
jobs-attempt-limit, month-end-recurrence, router-route-precedence, textforms-time-values), which therefore say little
of how well the ranking does on faults that it has not seen."""

ALTERNATIVE = 0.85
"""What each further alternative at the same place counts, relative to the one before."""
CROWDED = 0.9
"""What each further candidate on the same line counts, so that no line uses up the budget."""
CRAMMED = 0.97
"""What each further candidate in the same definition counts likewise."""
LOOPING = 0.2
"""A change within a `while` may never end, and a run that times out costs as much as many candidates."""
AROUND = 0.9
"""Suspicion of a line without its own, as a share of its statement's."""
ABOUT = 1.0
"""What being the definition most like the report adds, relative to being unlike it."""
WORDED = 0.5
"""What a line with the report's words adds likewise."""


@dataclass(frozen=True)
class Ranked:
    mutant: Mutant
    score: float
    suspicion: float


def suspicion(mutant: Mutant, lines: Mapping[int, float]) -> float:
    """The highest suspicion of the changed lines, or else of the statement around them."""
    own = max((lines.get(line, 0.0) for line in mutant.lines), default=0.0)
    return own or AROUND * max((lines.get(line, 0.0) for line in mutant.statement), default=0.0)


def ranked(
    mutants: Iterable[Mutant],
    scores: Mapping[str, Mapping[int, float]],
    sources: Mapping[str, str],
    affinity: Affinity,
) -> list[Ranked]:
    """The suspicious mutants, best first; ties by path, line and text, so the order is always the same."""
    texts = {path: text.split("\n") for path, text in sources.items()}
    first: list[Ranked] = []
    for mutant in mutants:
        value = suspicion(mutant, scores.get(mutant.path, {}))
        if value > 0:
            text = "\n".join(texts[mutant.path][mutant.lines.start - 1 : mutant.lines.stop - 1])
            about = ABOUT * affinity.of((mutant.path, mutant.symbol)) + WORDED * affinity.line(text)
            score = value * PRIORS[mutant.operator] * ALTERNATIVE**mutant.order * (1 + about)
            first.append(Ranked(mutant, score * (LOOPING if mutant.looping else 1.0), value))
    crowd: Counter[tuple[str, int | str]] = Counter()
    spread: list[Ranked] = []
    for one in sorted(first, key=_order):
        line, definition = (one.mutant.path, one.mutant.lines.start), (one.mutant.path, one.mutant.symbol)
        spacing = CROWDED ** crowd[line] * CRAMMED ** crowd[definition]
        spread.append(Ranked(one.mutant, one.score * spacing, one.suspicion))
        crowd.update((line, definition))
    return sorted(spread, key=_order)


def _order(one: Ranked) -> tuple[float, str, int, tuple[object, ...]]:
    return (-one.score, one.mutant.path, one.mutant.lines.start, one.mutant.splices)
