"""From trials to each model's findings, one trial at a time: its calls are let go once they have been seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from runner.measures.base import Cases, Measure, Seen
from runner.measures.catalogue import MEASURES
from runner.measures.record import Record
from runner.results import TrialKey
from runner.statistics.estimate import Estimate

MOST_EVIDENCE = 200
"""Links kept for one number."""
NO_TRIAL = "no such case"
NOT_TOLD = "imports do not tell it"


class Finding(Estimate):
    """A measure's number for one model, and the way back to the transcripts."""

    trials: int = 0
    """Trials behind the number."""
    evidence: tuple[str, ...] = ()
    """`trial#step` of the events behind the number, the first ones."""
    readers: int = 0
    """Calls behind the number whose labels are readers', not the scenarios' or the effects' (`trials.standing`)."""


@dataclass
class Heap:
    """One model's contributions to one measure."""

    cases: defaultdict[str, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    """Scenario → contributions."""
    repos: dict[str, str] = field(default_factory=dict)
    """Scenario → its repository, as far as it is known."""
    trials: int = 0
    untold: int = 0
    """Imported trials that do not tell what it needs."""
    evidence: list[str] = field(default_factory=list)
    readers: int = 0

    def add(self, trial: Record, seen: list[Seen]) -> None:
        if not seen:
            return
        key = trial.key
        self.trials += 1
        self.repos[key.scenario] = trial.repo
        self.cases[key.scenario] += [Seen(each.value, each.of, stratum=each.stratum) for each in seen]
        self.readers += sum(each.readers for each in seen)
        for each in seen:
            if len(self.evidence) < MOST_EVIDENCE:
                self.evidence += [f"{key.name}#{step}" for step in each.steps if step >= 0]

    def means(self) -> dict[str, float]:
        """Scenario → its ratio of sums, of those in which there was something to count."""
        sums = {
            name: (sum(one.value for one in each), sum(one.of for one in each)) for name, each in self.cases.items()
        }
        return {name: top / bottom for name, (top, bottom) in sums.items() if bottom}


def findings(trials: Iterable[Record], measures: Mapping[str, Measure] = MEASURES) -> dict[str, dict[str, Finding]]:
    """Model → measure → finding, the models in the order in which they first occur."""
    return {
        model: {name: _finding(measures[name], heap) for name, heap in mine.items()}
        for model, mine in contributions(trials, measures).items()
    }


def contributions(trials: Iterable[Record], measures: Mapping[str, Measure]) -> dict[str, dict[str, Heap]]:
    """Model → measure → what its trials contribute, the models in the order in which they first occur."""
    heaps: dict[str, dict[str, Heap]] = {}
    by_key: dict[TrialKey, Record] = {}
    alone = [(measure, measure.observe) for measure in measures.values() if measure.observe is not None]
    paired = [(measure, measure.observe_pair) for measure in measures.values() if measure.observe_pair is not None]
    others: list[Record] = []
    for trial in trials:
        mine = heaps.setdefault(trial.key.model, {name: Heap() for name in measures})
        if trial.imported is not None:
            for name, measure in measures.items():
                mine[name].untold += not trial.tells(measure.needs)
        elif not trial.counted:
            continue
        for measure, observe in alone:
            if trial.tells(measure.needs) and measure.takes(trial):
                mine[measure.name].add(trial, list(observe(trial)))
        if not trial.counted:
            continue
        if trial.is_calm:
            by_key[trial.key] = replace(trial, calls=[call for call in trial.calls if call.decision is not None])
        if not trial.is_control:
            others.append(trial)
    for trial in others:
        if (twin := by_key.get(trial.twin)) is not None:
            for measure, observe_pair in paired:
                if measure.takes(trial):
                    heaps[trial.key.model][measure.name].add(trial, list(observe_pair(trial, twin)))
    return heaps


def _finding(measure: Measure, heap: Heap) -> Finding:
    ordered = {scenario: heap.cases[scenario] for scenario in sorted(heap.cases)}  # so that no order changes a draw
    nothing = Estimate(reason=NOT_TOLD if heap.untold else NO_TRIAL)
    estimate = measure.estimator(Cases(ordered, heap.repos)) if heap.trials else nothing
    return Finding(
        **{name: getattr(estimate, name) for name in Estimate.model_fields},
        trials=heap.trials,
        evidence=tuple(dict.fromkeys(heap.evidence))[:MOST_EVIDENCE],
        readers=heap.readers,
    )
