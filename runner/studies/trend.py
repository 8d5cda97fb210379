"""Repeated nights of one study: what a model's nights say together, and whether the harness changed in between.

Looking every night at 5 % gives a false alarm in one of five after ten nights; each night is therefore compared with
all nights before it, paired by scenario, and Holm's correction is over all nights and models at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from statistics import fmean

from runner.errors import UserError
from runner.measures.catalogue import MEASURES
from runner.measures.compute import Finding, Heap, contributions, findings
from runner.measures.record import Record
from runner.messages import Frozen
from runner.runs.folder import RunFolder
from runner.statistics.contrasts import Contrast, compare
from runner.statistics.estimate import Estimate
from runner.statistics.sequences import confidence_sequence
from runner.studies.fairness import Fairness, Side, between

CONSTANT_MODELS = ("oracle", "noop")
"""They must come out the same every night: when they do not, it is the harness that changed."""
NO_CHANGE = "no difference shown"


class Night(Frozen):
    """One run of one model."""

    run: str
    model: str
    value: Finding
    change: Contrast | None
    """From all nights before it; None for the first."""


class Distance(Frozen):
    """Two models over all nights: the mean of each night's paired difference, with an interval for every look.

    A night is one value; the interval holds at all looks at once, however often somebody looks.
    """

    first: str
    second: str
    looks: tuple[Estimate, ...]
    """One a night."""


class Trend(Frozen):
    """All nights, in the order given."""

    measure: str
    nights: tuple[Night, ...]
    fairness: tuple[tuple[str, str, Fairness], ...]
    """Each two consecutive runs, and what stands against comparing them."""
    distances: tuple[Distance, ...]
    suspected: tuple[str, ...]
    """Runs in which a model that must not change did, or all models that were compared went the same way."""


def trend(runs: Sequence[RunFolder], trials: Mapping[str, Sequence[Record]], measure: str = "resolved") -> Trend:
    """`trials` holds each run's records by the run's folder name. Raises UserError for fewer than two runs."""
    if len(runs) < 2:
        raise UserError("a trend needs two runs at least")
    names = [run.path.name for run in runs]
    if len(set(names)) != len(names):
        raise UserError("two of the runs have the same name; rename a folder")
    chosen = {measure: MEASURES[measure]}
    heaps = {name: contributions(trials[name], chosen) for name in names}
    values = {name: findings(trials[name], chosen) for name in names}
    changes = _changes(names, heaps, measure)
    nights = [
        Night(run=name, model=model, value=values[name][model][measure], change=changes.get((name, model)))
        for name in names
        for model in values[name]
    ]
    sides = [Side.of(run) for run in runs]
    judged = tuple((names[at], names[at + 1], between(sides[at], sides[at + 1])) for at in range(len(names) - 1))
    return Trend(
        measure=measure,
        nights=tuple(nights),
        fairness=judged,
        distances=tuple(_distances(names, heaps, measure)),
        suspected=tuple(_suspected(nights)),
    )


def _changes(
    names: Sequence[str], heaps: Mapping[str, Mapping[str, Mapping[str, Heap]]], measure: str
) -> dict[tuple[str, str], Contrast]:
    """(run, model) → its difference from the mean of all runs before, on the scenarios that both have."""
    earlier: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    differences: dict[str, list[list[float]]] = {}
    places: dict[str, tuple[str, str]] = {}
    for name in names:
        for model, mine in heaps[name].items():
            means, before = mine[measure].means(), earlier[model]
            common = sorted(means.keys() & before.keys())
            if common:
                title = f"{model} in {name}"
                places[title] = (name, model)
                differences[title] = [[means[scenario] - fmean(before[scenario])] for scenario in common]
        for model, mine in heaps[name].items():
            for scenario, mean in mine[measure].means().items():
                earlier[model][scenario].append(mean)
    return {places[found.name]: found for found in compare(differences, list(differences))}


def _distances(
    names: Sequence[str], heaps: Mapping[str, Mapping[str, Mapping[str, Heap]]], measure: str
) -> Iterator[Distance]:
    models = list(dict.fromkeys(model for name in names for model in heaps[name]))
    for first, second in combinations(models, 2):
        values = []
        for name in names:
            if first in heaps[name] and second in heaps[name]:
                mine, yours = heaps[name][first][measure].means(), heaps[name][second][measure].means()
                common = mine.keys() & yours.keys()
                values += [fmean(yours[scenario] - mine[scenario] for scenario in common)] if common else []
        if values:
            yield Distance(first=first, second=second, looks=confidence_sequence(values))


def _suspected(nights: Sequence[Night]) -> list[str]:
    found = []
    for run in dict.fromkeys(night.run for night in nights):
        verdicts = {night.model: night.change.verdict for night in nights if night.run == run and night.change}
        constant = any(verdicts.get(model, NO_CHANGE) != NO_CHANGE for model in CONSTANT_MODELS)
        alike = set(verdicts.values())
        if constant or (len(verdicts) > 1 and len(alike) == 1 and alike != {NO_CHANGE}):
            found.append(run)
    return found
