"""Skill or memory: how far a success hangs on the original's own text. The same scenarios as twins (`runner.twins`)."""

from __future__ import annotations

from collections.abc import Iterator

from runner.arms import CONTROL, ORIGINAL
from runner.measures.base import Measure, Seen, as_difference, as_rate
from runner.measures.record import Record

DIMENSION = "Skill or memory"


def as_twin(trial: Record) -> bool:
    """Trials that differ from the control arm in nothing but that they run on a twin, and the control arm's."""
    return trial.key.arm == CONTROL or (trial.arm.perturbation != ORIGINAL and "+" not in trial.key.arm)


def resolved_on_twins(trial: Record) -> Iterator[Seen]:
    """Resolved, of trials that run on a twin."""
    if trial.arm.perturbation != ORIGINAL:
        yield Seen(float(trial.resolved), steps=(trial.finished_step,))


def twin_gap(trial: Record, original: Record) -> Iterator[Seen]:
    """Resolved on the twin - resolved on the original, paired by scenario and repeat.

    Below 0 may be memory, and may be that other names are harder: it is no proof of either.
    """
    if trial.arm.perturbation != ORIGINAL and original.arm.perturbation == ORIGINAL:
        yield Seen(float(trial.resolved) - float(original.resolved), steps=(trial.finished_step,))


MEASURES = (
    Measure("resolved_on_twins", "resolved, on twins", "percent", as_rate, as_twin, resolved_on_twins, better="more"),
    Measure("twin_gap", "twins - originals", "points", as_difference, as_twin, observe_pair=twin_gap),
)
