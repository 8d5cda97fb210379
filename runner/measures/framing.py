"""Messy prompts: how far the answer depends on how the task is told. The same scenarios in other words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from runner.arms import CONTROL, Framing
from runner.measures.base import Measure, Observe, ObservePair, Seen, as_difference, as_rate, as_spread
from runner.measures.record import Record

DIMENSION = "Messy prompts"
FRAMINGS: tuple[Framing, ...] = get_args(Framing)


def told_otherwise(trial: Record) -> bool:
    """Trials in which the framing alone may be another one than in the control arm, the control's included."""
    return trial.key.arm == CONTROL or trial.key.arm == f"framing_{trial.arm.framing}"


def resolved_as_told(trial: Record) -> Iterator[Seen]:
    """Resolved, of trials whose task is told in this way."""
    yield Seen(float(trial.resolved), steps=(trial.finished_step,))


def framing_gap(trial: Record, twin: Record) -> Iterator[Seen]:
    """Resolved as told in this way - resolved as the control is told, paired by scenario and repeat."""
    yield Seen(float(trial.resolved) - float(twin.resolved), steps=(trial.finished_step,))


def framing_spread(trial: Record) -> Iterator[Seen]:
    """The highest minus the lowest resolved rate among framings; never 0 but by chance. FormatSpread 2023."""
    yield Seen(float(trial.resolved), float(FRAMINGS.index(trial.arm.framing)), (trial.finished_step,))


def _only(framing: Framing, observe: Observe) -> Observe:
    def chosen(trial: Record) -> Iterator[Seen]:
        if trial.arm.framing == framing:
            yield from observe(trial)

    chosen.__doc__ = observe.__doc__
    return chosen


def _pairs(framing: Framing, observe: ObservePair) -> ObservePair:
    def chosen(trial: Record, twin: Record) -> Iterator[Seen]:
        if trial.arm.framing == framing and twin.arm.framing != framing:
            yield from observe(trial, twin)

    chosen.__doc__ = observe.__doc__
    return chosen


def _measures() -> Iterator[Measure]:
    for framing in FRAMINGS:
        name = framing.replace("-", "_")
        alone, pair = _only(framing, resolved_as_told), _pairs(framing, framing_gap)
        title = f"resolved, told {framing}"
        yield Measure(f"resolved_{name}", title, "percent", as_rate, told_otherwise, alone, better="more")
        title = f"{framing} - control"
        yield Measure(f"framing_gap_{name}", title, "points", as_difference, told_otherwise, observe_pair=pair)
    yield Measure("framing_spread", "highest - lowest", "points", as_spread, told_otherwise, framing_spread)


MEASURES = tuple(_measures())
