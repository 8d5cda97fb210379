"""What a recorded trial's fault still does to whatever goes on from one of its steps."""

from __future__ import annotations

from collections.abc import Sequence

from runner.arms import parse_fault
from runner.events import AnyEvent
from runner.events.calls import Decided, FaultDelivered
from runner.faults.base import ALIKE, Fault, delivered, draw, fault_seed
from runner.replay.calls import calls_of
from runner.replay.origin import Recorded


def fault_of(recorded: Recorded) -> Fault | None:
    """The fault that its arm gave a trial, delivered or not; None for none.

    It is drawn anew by the run's seed. Where that is not known, or gives another one than took effect, the receipts
    tell what they can: of a fault that never took effect nothing.
    """
    pattern = parse_fault(recorded.started.arm.faults) if recorded.started.arm is not None else None
    told = delivered(event for event in recorded.events if isinstance(event, FaultDelivered))
    seed = recorded.run.whole_lock().study.get("seed") if recorded.run is not None else None
    if pattern is None or not isinstance(seed, int):
        return told
    drawn = draw(pattern, fault_seed(seed, recorded.started.key))
    return drawn if told is None or (told.kind, told.tool) == (drawn.kind, drawn.tool) else told


def left_of(fault: Fault | None, events: Sequence[AnyEvent]) -> Fault | None:
    """What is left of a fault behind these events, its `nth` counted from there; None for one that is over.

    One that lasts strikes on. One that passes does so once: it is over where its receipt is among the events.
    """
    if fault is None:
        return None
    struck = any(isinstance(event, FaultDelivered) for event in events)
    if struck and fault.persistence == "transient":
        return None
    return fault.model_copy(update={"nth": max(1, fault.nth - _calls(fault, events))})


def in_words(fault: Fault) -> str:
    """As a study's `faults` names it.

    >>> in_words(Fault(kind="disk_full", visibility="explicit", persistence="permanent", tool="edit_file", nth=1))
    'disk_full:explicit:permanent'
    """
    return f"{fault.kind}:{fault.visibility}:{fault.persistence}"


def _calls(fault: Fault, events: Sequence[AnyEvent]) -> int:
    """Those that the fault has counted."""
    if fault.kind == "denied_approval":
        return sum(isinstance(event, Decided) for event in events)
    made = (call for call in calls_of(events) if call.fate == "made")
    return sum(ALIKE.get(call.tool, call.tool) == fault.tool for call in made)
