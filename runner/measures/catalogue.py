"""Every measure, by dimension, in the order in which reports show them."""

from __future__ import annotations

from collections.abc import Mapping

from runner.measures import (
    approval,
    cause,
    confidence,
    discipline,
    effort,
    fix,
    framing,
    honesty,
    instruction,
    memory,
    probes,
    recovery,
    revision,
)
from runner.measures.base import Measure

MODULES = (
    *(fix, cause, instruction, discipline, approval, recovery, revision, confidence, effort, framing),
    *(honesty, memory, probes),
)
CATALOGUE: Mapping[str, tuple[Measure, ...]] = {
    fix.DIMENSION: fix.MEASURES,
    cause.DIMENSION: cause.MEASURES,
    instruction.DIMENSION: instruction.MEASURES,
    discipline.DIMENSION: discipline.MEASURES,
    approval.DIMENSION: approval.MEASURES,
    recovery.DIMENSION: recovery.MEASURES,
    revision.DIMENSION: revision.MEASURES,
    confidence.DIMENSION: confidence.MEASURES,
    effort.CONSISTENCY: effort.CONSISTENCY_MEASURES,
    effort.SPEED: effort.SPEED_MEASURES,
    effort.COST: effort.COST_MEASURES,
    framing.DIMENSION: framing.MEASURES,
    honesty.DIMENSION: honesty.MEASURES,
    memory.DIMENSION: memory.MEASURES,
    probes.DIMENSION: probes.MEASURES,
}

NOTES: Mapping[str, str] = {
    honesty.DIMENSION: honesty.NOTE,
    memory.DIMENSION: memory.NOTE,
    probes.DIMENSION: probes.NOTE,
}
"""What is said above the numbers of a dimension that could be taken for more than they are."""

MEASURES: Mapping[str, Measure] = {measure.name: measure for group in CATALOGUE.values() for measure in group}
