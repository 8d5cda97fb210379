"""Calibration: does stated confidence mean what it says? At submission, and before the first edit where it is asked."""

from __future__ import annotations

from collections.abc import Iterator

from runner.measures.base import (
    Measure,
    Seen,
    as_auroc,
    as_brier,
    as_brier_skill,
    as_calibration_error,
    as_overconfidence,
    control,
)
from runner.measures.record import Record

DIMENSION = "Calibration"


def stated(trial: Record) -> Iterator[Seen]:
    """Confidence stated at submission, and whether it was resolved; trials without a submission state nothing."""
    if trial.submission is not None:
        yield Seen(trial.submission.confidence, float(trial.resolved), (trial.submitted_step,))


def stated_early(trial: Record) -> Iterator[Seen]:
    """Confidence stated before the first edit, and whether the trial was resolved in the end."""
    if trial.early_confidence is not None:
        yield Seen(trial.early_confidence, float(trial.resolved), (trial.early_step,))


MEASURES = (
    Measure("brier", "Brier score", "number", as_brier, control, stated, better="less"),
    Measure("brier_skill", "Brier skill", "number", as_brier_skill, control, stated, better="more"),
    Measure("overconfidence", "overconfidence", "points", as_overconfidence, control, stated),
    Measure("auroc", "AUROC of confidence", "number", as_auroc, control, stated, better="more"),
    Measure(
        "calibration_error", "calibration error (ECE)", "number", as_calibration_error, control, stated, better="less"
    ),
    Measure("brier_early", "Brier before the first edit", "number", as_brier, control, stated_early, better="less"),
    Measure(
        "overconfidence_early",
        "overconfidence before it",
        "points",
        as_overconfidence,
        control,
        stated_early,
    ),
)
