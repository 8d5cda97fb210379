"""What is submitted: what was changed and why, what else it could be, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runner.models.repair.attempts import Candidate
from runner.models.repair.dialogue import Ask
from runner.models.repair.patches import shown
from runner.models.repair.ranking import Ranked

SURE = 0.7
"""Confidence in the only candidate found that turns a whole suite green."""
LEAST = 0.2
"""Confidence in one of many such candidates."""
DELETING = 0.6
"""What deleting code instead of changing it leaves of it: most plausible but wrong patches amount to that (Qi, Long,
Achour, Rinard: "An analysis of patch plausibility and correctness", ISSTA 2015)."""
NOTHING = 0.05
"""Confidence when nothing was changed."""
DOUBTED = 0.15
"""Most confidence once a later run of the suite did not pass."""
HYPOTHESES = 3


@dataclass(frozen=True)
class Hypothesis:
    file: str
    symbol: str
    evidence_for: str
    evidence_against: str


@dataclass(frozen=True)
class Conclusion:
    summary: str
    hypotheses: tuple[Hypothesis, ...] = ()
    risks: str = ""
    confidence: float = NOTHING

    def submission(self) -> Ask:
        ranked = [vars(hypothesis) for hypothesis in self.hypotheses[:HYPOTHESES]]
        arguments: dict[str, Any] = {"summary": self.summary, "hypotheses": ranked}
        return Ask("submit", {**arguments, "risks": self.risks, "confidence": self.confidence})


def left_dirty(tried: int, suspects: Sequence[Hypothesis]) -> Conclusion:
    """A candidate was tried that could not be undone."""
    return Conclusion(
        f"No fix found, and the workspace is not as it was: of {tried} single changes tried, one could not be undone.",
        tuple(suspects),
        "What the diff shows is no fix: it is a leftover of the search, and may do harm.",
        0.0,
    )


def unchanged(why: str, suspects: Sequence[Hypothesis] = ()) -> Conclusion:
    """Nothing found, and nothing changed."""
    summary = f"No fix found, and nothing is changed: {why}"
    return Conclusion(summary, tuple(suspects), "The bug is still there.")


def failed(error: Exception) -> Conclusion:
    """The search itself broke off; nothing is claimed."""
    return Conclusion(
        f"No fix claimed: the search itself failed ({type(error).__name__}: {error}).",
        risks="The bug is probably still there; the diff shows whether anything was left changed.",
        confidence=0.0,
    )


def repaired(
    chosen: Candidate,
    others: Sequence[Candidate],
    failing: Sequence[str],
    suspects: Sequence[Hypothesis],
    tried: int,
) -> Conclusion:
    """A candidate was accepted; `others` turned the whole suite green as well."""
    mutant = chosen.mutant
    place = f"{mutant.path}:{mutant.lines.start}"
    was, now = shown(chosen.edits)
    many = "tests" if len(failing) > 1 else "test"
    green = f"{len(failing)} failing {many} turned green ({', '.join(failing[:3])})"
    confidence = max(LEAST, SURE / (1 + len(others)) ** 0.5)
    if mutant.operator == "deletion":
        confidence *= DELETING
    own = Hypothesis(
        mutant.path,
        mutant.symbol,
        f"{_suspected(chosen.suspicion)}; with `{now}` instead of `{was}` {green}, and the whole suite passes.",
        f"{len(others)} of {tried} candidates tried pass as well."
        if others
        else "None found; no other candidate tried passes.",
    )
    alternatives = [
        Hypothesis(
            other.mutant.path,
            other.mutant.symbol,
            f"{_suspected(other.suspicion)}; `{shown(other.edits)[1]}` passes the whole suite as well.",
            "Ranked below the change that was made.",
        )
        for other in others
    ]
    rest = _distinct([own, *alternatives, *suspects])
    return Conclusion(
        f"Changed {mutant.symbol} ({place}, {mutant.operator}): `{was}` is now `{now}`. {green}, and the whole "
        f"suite passes. Found by trying {tried} single changes at the lines that failing tests execute most.",
        tuple(rest),
        "Plausible, not proven: a change that satisfies the visible tests may overfit to them, and this one was "
        "found by search, not by understanding the code."
        + (f" {len(others)} other changes satisfy them too." if others else ""),
        round(confidence, 2),
    )


def suspects(ranking: Sequence[Ranked]) -> list[Hypothesis]:
    """The most suspicious symbols that no change was made to."""
    best: Mapping[tuple[str, str], float] = {
        (one.mutant.path, one.mutant.symbol): one.suspicion for one in sorted(ranking, key=lambda one: one.suspicion)
    }
    order = dict.fromkeys((one.mutant.path, one.mutant.symbol) for one in ranking)
    return [
        Hypothesis(
            path,
            symbol,
            f"{_suspected(best[path, symbol])} from the lines that failing tests execute.",
            "No single change tried here turned the suite green.",
        )
        for path, symbol in list(order)[:HYPOTHESES]
    ]


def _distinct(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    first: dict[tuple[str, str], Hypothesis] = {}
    for hypothesis in hypotheses:
        first.setdefault((hypothesis.file, hypothesis.symbol), hypothesis)
    return list(first.values())


def reviewed(before: Conclusion, green: bool) -> Conclusion:
    """The same conclusion after one more run of the suite."""
    if before.confidence <= NOTHING:
        return before
    if green:
        return replace(before, summary=f"{before.summary} Run again when asked: the whole suite passes.")
    return replace(
        before,
        summary=f"{before.summary} Run again when asked: the suite did not pass.",
        confidence=min(before.confidence, DOUBTED),
    )


def _suspected(suspicion: float) -> str:
    return f"Suspicion {suspicion:.2f} (Ochiai, raised by crashes, by control flow and for definitions by their users)"
