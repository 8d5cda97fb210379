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


class Finding(Estimate):
    """A measure's number for one model, and the way back to the transcripts."""

    trials: int = 0
    """Trials behind the number."""
    evidence: tuple[str, ...] = ()
    """`trial#step` of the events behind the number, the first ones."""


@dataclass
class _Heap:
    """One model's contributions to one measure."""

    cases: defaultdict[str, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    repos: dict[str, str] = field(default_factory=dict)
    trials: int = 0
    evidence: list[str] = field(default_factory=list)

    def add(self, trial: Record, seen: list[Seen]) -> None:
        if not seen:
            return
        key = trial.key
        self.trials += 1
        self.repos[key.scenario] = trial.repo or self.repos.get(key.scenario, "")
        self.cases[key.scenario] += [Seen(each.value, each.of) for each in seen]
        for each in seen:
            if len(self.evidence) < MOST_EVIDENCE:
                self.evidence += [f"{key.name}#{step}" for step in each.steps if step >= 0]


def findings(trials: Iterable[Record], measures: Mapping[str, Measure] = MEASURES) -> dict[str, dict[str, Finding]]:
    """Model → measure → finding, the models in the order in which they first occur."""
    heaps: dict[str, dict[str, _Heap]] = {}
    by_key: dict[TrialKey, Record] = {}
    alone = [measure for measure in measures.values() if measure.observe is not None]
    paired = [measure for measure in measures.values() if measure.observe_pair is not None]
    others: list[Record] = []
    for trial in trials:
        mine = heaps.setdefault(trial.key.model, {name: _Heap() for name in measures})
        if not trial.counted:
            continue
        for measure in alone:
            if measure.reads(trial):
                assert measure.observe is not None
                mine[measure.name].add(trial, list(measure.observe(trial)))
        if trial.is_control:
            by_key[trial.key] = replace(trial, calls=[call for call in trial.calls if call.decision is not None])
        else:
            others.append(trial)
    for trial in others:
        if (twin := by_key.get(trial.twin)) is not None:
            for measure in paired:
                if measure.reads(trial):
                    assert measure.observe_pair is not None
                    heaps[trial.key.model][measure.name].add(trial, list(measure.observe_pair(trial, twin)))
    return {
        model: {name: _finding(measures[name], heap) for name, heap in mine.items()} for model, mine in heaps.items()
    }


def _finding(measure: Measure, heap: _Heap) -> Finding:
    ordered = {scenario: heap.cases[scenario] for scenario in sorted(heap.cases)}  # so that no order changes a draw
    cases = Cases(ordered, heap.repos)
    estimate = measure.estimator(cases) if heap.trials else Estimate(reason=NO_TRIAL)
    return Finding(
        **{name: getattr(estimate, name) for name in Estimate.model_fields},
        trials=heap.trials,
        evidence=tuple(dict.fromkeys(heap.evidence))[:MOST_EVIDENCE],
    )
