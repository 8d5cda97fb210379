"""Several runs as one, where that is fair: later runs' trials count as further repeats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from runner.errors import UserError
from runner.measures.record import Record
from runner.report.load import records
from runner.report.summary import Profile, profiles
from runner.runs.folder import RunFolder
from runner.studies.fairness import Side, between


class Unfair(UserError):
    """The runs cannot be pooled; the message names the fields in which they differ."""


def pooled(runs: Sequence[RunFolder], problem: Callable[[str], None]) -> dict[str, Profile]:
    """Profiles over all runs; their numbers name no steps, which `report --why` of each run does. Raises Unfair."""
    sides = [Side.of(run) for run in runs]
    for at in range(1, len(sides)):
        fairness = between(sides[0], sides[at])
        if fairness.verdict == "not comparable":
            fields = ", ".join(each.field for each in fairness.differences if each.severity == "refuse")
            raise Unfair(f"{runs[0].path.name} and {runs[at].path.name} cannot be pooled; they differ in: {fields}")
    found = profiles(_renumbered(runs, problem))
    return {
        model: profile.model_copy(
            update={
                "measures": {
                    name: finding.model_copy(update={"evidence": ()}) for name, finding in profile.measures.items()
                }
            }
        )
        for model, profile in found.items()
    }


def _renumbered(runs: Sequence[RunFolder], problem: Callable[[str], None]) -> Iterator[Record]:
    """Each trial once, a repeat of a later run numbered after those of the runs before it."""
    highest: defaultdict[tuple[str, str], int] = defaultdict(int)
    for run in runs:
        before = dict(highest)
        for trial in records(run, problem):
            place = (trial.key.scenario, trial.key.model)
            repeat = trial.key.repeat + before.get(place, 0)
            highest[place] = max(highest[place], repeat)
            trial.key = trial.key.model_copy(update={"repeat": repeat})
            yield trial
