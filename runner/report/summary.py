"""From a run's results to one profile per model: measures with intervals, never one composite number."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from runner.messages import Frozen
from runner.results import COUNTED, TrialResult
from runner.statistics.bootstrap import median, ratio, share
from runner.statistics.estimate import Estimate
from runner.statistics.rates import rate

Cases = Mapping[str, Sequence[TrialResult]]
"""Scenario → its trials."""
Number = Callable[[TrialResult], float]

FEW_RESOLVED = "too few resolved to bound it"


class Profile(Frozen):
    """What a run says about one model."""

    trials: int
    verdicts: dict[str, int]
    """How many trials ended in each verdict."""
    bounds: tuple[float, float] | None
    """Resolved rate, over scenarios, if every trial that does not count had failed, or succeeded; None where all count.
    The rate of those that count always lies within."""
    measures: dict[str, Estimate]


def profiles(results: Sequence[TrialResult]) -> dict[str, Profile]:
    """Model → profile, in the order in which the models first occur."""
    by_model: dict[str, list[TrialResult]] = defaultdict(list)
    for result in results:
        by_model[result.key.model].append(result)
    return {model: _profile(found) for model, found in by_model.items()}


def _profile(results: Sequence[TrialResult]) -> Profile:
    counted = [result for result in results if result.verdict in COUNTED]
    cases = _by_scenario(counted)
    return Profile(
        trials=len(results),
        verdicts=dict(sorted(Counter(result.verdict for result in results).items())),
        bounds=_bounds(results),
        measures={
            "resolved": rate([[float(r.resolved) for r in each] for each in cases.values()]),
            "invalid_calls": _share(cases, lambda r: r.counts.invalid, lambda r: r.counts.calls),
            "forbidden_calls": _share(cases, lambda r: r.counts.forbidden, lambda r: r.counts.calls),
            "approvals_asked": _ratio(cases, lambda r: r.counts.asked, lambda r: 1),
            "approvals_granted": _share(cases, lambda r: r.counts.approved, lambda r: r.counts.asked),
            "cost_usd_per_trial": _ratio(cases, _cost, lambda r: 1),
            "cost_usd_per_resolved": _ratio(cases, _cost, lambda r: r.resolved, FEW_RESOLVED),
            "turns": _median(cases, lambda r: r.counts.turns),
            "seconds_total": _median(cases, lambda r: r.times.total),
            "seconds_model": _median(cases, lambda r: r.times.model),
            "seconds_tool": _median(cases, lambda r: r.times.tool),
            "seconds_approval": _median(cases, lambda r: r.times.approval),
            "seconds_sandbox": _median(cases, lambda r: r.times.sandbox),
            "seconds_grading": _median(cases, lambda r: r.times.grading),
        },
    )


def _cost(result: TrialResult) -> float:
    """All that a trial cost, the attempts that came to nothing included."""
    return result.cost_usd + result.earlier_usd


def _by_scenario(results: Sequence[TrialResult]) -> dict[str, list[TrialResult]]:
    cases: dict[str, list[TrialResult]] = defaultdict(list)
    for result in results:
        cases[result.key.scenario].append(result)
    return dict(cases)


def _bounds(results: Sequence[TrialResult]) -> tuple[float, float] | None:
    if all(result.verdict in COUNTED for result in results):
        return None
    cases = _by_scenario(results)
    return (
        fmean(fmean(r.resolved for r in each) for each in cases.values()),
        fmean(fmean(r.resolved or r.verdict not in COUNTED for r in each) for each in cases.values()),
    )


def _share(cases: Cases, part: Number, whole: Number) -> Estimate:
    return share(_sums(cases, part), _sums(cases, whole))


def _ratio(cases: Cases, top: Number, bottom: Number, few: str = "too little to divide by") -> Estimate:
    return ratio(_sums(cases, top), _sums(cases, bottom), few=few)


def _sums(cases: Cases, value: Number) -> list[float]:
    """One sum a scenario."""
    return [sum(value(result) for result in each) for each in cases.values()]


def _median(cases: Cases, value: Number) -> Estimate:
    """The median over scenarios of each scenario's mean."""
    return median([sum(value(result) for result in each) / len(each) for each in cases.values()])
