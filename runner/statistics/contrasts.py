"""Several contrasts of one study: which of those declared beforehand were shown, and what the others would take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from runner.messages import Frozen
from runner.statistics.estimate import Estimate
from runner.statistics.paired import difference
from runner.statistics.power import ALPHA, POWER, fewest_scenarios, scenarios_for

Verdict = Literal["higher", "lower", "no difference shown"]
ZERO = 1e-12
"""Differences this close to 0 are rounding."""


class Contrast(Frozen):
    """One declared contrast, judged together with the others."""

    name: str
    estimate: Estimate
    """Its interval and `p` are those of this contrast alone."""
    adjusted: float | None = None
    """Holm's p over all that were declared; None where this one has no p."""
    verdict: Verdict
    needed: int | None = None
    """Where no difference is shown: scenarios that would show one of the observed size, whatever the others show."""
    reason: str = ""
    """Why `needed` is None where no difference is shown."""


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p values: max over j ≤ i of min(1, (m - j + 1) p_(j)), p_(1) ≤ … ≤ p_(m). Holm 1979."""
    for name, each in p.items():
        if not 0 <= each <= 1:
            raise ValueError(f"{name}: {each} is no probability")
    adjusted: dict[str, float] = {}
    highest = 0.0
    for rank, name in enumerate(sorted(p, key=lambda each: p[each])):
        highest = max(highest, min(1.0, (len(p) - rank) * p[name]))
        adjusted[name] = highest
    return {name: adjusted[name] for name in p}


def compare(
    differences: Mapping[str, Sequence[Sequence[float]]],
    declared: Sequence[str],
    clusters: Mapping[str, Sequence[str]] | None = None,
    alpha: float = ALPHA,
) -> tuple[Contrast, ...]:
    """Estimates (U2) and judges: `paired.difference` takes `differences[name]` and `clusters[name]`."""
    groups = clusters or {}
    estimates = {name: difference(each, groups.get(name, ())) for name, each in differences.items()}
    means = {name: [sum(each) / len(each) for each in found if each] for name, found in differences.items()}
    return judge(estimates, declared, means, alpha)


def judge(
    estimates: Mapping[str, Estimate],
    declared: Sequence[str],
    means: Mapping[str, Sequence[float]] | None = None,
    alpha: float = ALPHA,
) -> tuple[Contrast, ...]:
    """The verdict on each declared contrast, in the order declared: nothing is ranked.

    `means[name]` are the per-scenario mean differences behind an estimate. A declared contrast without an estimate or
    a p counts as one with p = 1, so that a missing result makes none of the others easier to show. An estimate of a
    contrast that was not declared is an error: it cannot be judged with the others.
    """
    if strange := sorted(set(estimates) - set(declared)):
        raise ValueError(f"not declared beforehand: {', '.join(strange)}")
    if len(set(declared)) != len(declared):
        raise ValueError("a contrast is declared twice")
    found = {name: estimates.get(name, Estimate(reason="not measured")) for name in declared}
    adjusted = holm({name: _p(each) for name, each in found.items()})
    spreads = means or {}
    return tuple(
        _judged(name, each, adjusted[name], spreads.get(name, ()), alpha, alpha / len(declared))
        for name, each in found.items()
    )


def _p(estimate: Estimate) -> float:
    return 1.0 if estimate.value is None or estimate.p is None else estimate.p


def _judged(
    name: str, estimate: Estimate, adjusted: float, means: Sequence[float], alpha: float, share: float
) -> Contrast:
    if estimate.value is None or estimate.p is None:
        return Contrast(
            name=name, estimate=estimate, verdict="no difference shown", reason=estimate.reason or "it has no p"
        )
    if adjusted <= alpha and abs(estimate.value) > ZERO:
        verdict: Verdict = "higher" if estimate.value > 0 else "lower"
        return Contrast(name=name, estimate=estimate, adjusted=adjusted, verdict=verdict)
    needed, reason = _needed(estimate.value, means, share)
    return Contrast(
        name=name,
        estimate=estimate,
        adjusted=adjusted,
        verdict="no difference shown",
        needed=needed,
        reason=reason,
    )


def _needed(value: float, means: Sequence[float], alpha: float) -> tuple[int | None, str]:
    """Scenarios for a difference of that size at 80 % power, from the spread of the scenarios' differences."""
    if abs(value) <= ZERO:
        return None, "the observed difference is 0"
    if len(means) < 2:
        return None, "no spread of differences to plan from"
    deviation = float(np.std(means, ddof=1))
    if deviation <= ZERO:
        return fewest_scenarios(alpha), ""
    return scenarios_for(value / deviation, POWER, alpha), ""
