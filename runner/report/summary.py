"""From a run's trials to one profile per model: measures with intervals, never one composite number."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from statistics import fmean

from runner.measures.compute import Finding, findings
from runner.measures.record import Record
from runner.messages import Frozen
from runner.results import COUNTED, Verdict


class Profile(Frozen):
    """What a run says about one model."""

    trials: int
    """Of all arms."""
    verdicts: dict[str, int]
    """How many trials of the control arm, asked for what can be done, ended in each verdict."""
    arms: dict[str, dict[str, int]]
    """The same for every arm, impossible tasks included."""
    impossible: int
    """Trials of any arm whose task is impossible."""
    bounds: tuple[float, float] | None
    """Resolved rate of the control arm, over scenarios, if every trial that does not count had failed, or succeeded;
    None where all count. The rate of those that count always lies within. Imported trials, which nobody graded here,
    are left aside."""
    prices: tuple[str, ...]
    """Where the prices come from."""
    measures: dict[str, Finding]


@dataclass
class _Seen:
    """What is kept of one model's trials beside its measures."""

    arms: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    control: defaultdict[str, list[Verdict]] = field(default_factory=lambda: defaultdict(list))
    impossible: int = 0
    prices: set[str] = field(default_factory=set)

    def add(self, trial: Record) -> None:
        self.arms[trial.key.arm][trial.verdict] += 1
        self.prices |= trial.prices
        self.impossible += trial.impossible
        if trial.is_control and not trial.impossible:
            self.control[trial.key.scenario].append(trial.verdict)


def profiles(trials: Iterable[Record]) -> dict[str, Profile]:
    """Model → profile, in the order in which the models first occur."""
    seen: defaultdict[str, _Seen] = defaultdict(_Seen)
    measured = findings(_watched(trials, seen))
    return {model: _profile(seen[model], found) for model, found in measured.items()}


def _watched(trials: Iterable[Record], seen: defaultdict[str, _Seen]) -> Iterator[Record]:
    for trial in trials:
        if trial.probed is None:
            seen[trial.key.model].add(trial)
        yield trial


def _profile(seen: _Seen, found: Mapping[str, Finding]) -> Profile:
    arms = {arm: dict(sorted(verdicts.items())) for arm, verdicts in seen.arms.items()}
    return Profile(
        trials=sum(verdicts.total() for verdicts in seen.arms.values()),
        verdicts=dict(sorted(Counter(chain.from_iterable(seen.control.values())).items())),
        arms=arms,
        impossible=seen.impossible,
        bounds=_bounds(seen.control),
        prices=tuple(sorted(seen.prices - {""})),
        measures=dict(found),
    )


def _bounds(all_cases: Mapping[str, Sequence[Verdict]]) -> tuple[float, float] | None:
    graded = {scenario: [verdict for verdict in each if verdict != "imported"] for scenario, each in all_cases.items()}
    cases = {scenario: each for scenario, each in graded.items() if each}
    if all(verdict in COUNTED for each in cases.values() for verdict in each):
        return None
    return (
        fmean(fmean(verdict == "resolved" for verdict in each) for each in cases.values()),
        fmean(fmean(verdict == "resolved" or verdict not in COUNTED for verdict in each) for each in cases.values()),
    )


def pareto(found: Mapping[str, Profile]) -> list[str]:
    """The models that no other beats in both resolved rate and US dollars a trial; those with both numbers alone."""
    both: dict[str, tuple[float, float]] = {}
    for model, profile in found.items():
        good, cost = profile.measures["resolved"].value, profile.measures["cost_usd_per_trial"].value
        if good is not None and cost is not None:
            both[model] = (good, cost)
    return [
        model
        for model, (good, cost) in both.items()
        if not any((other >= good and usd <= cost) and (other > good or usd < cost) for other, usd in both.values())
    ]
