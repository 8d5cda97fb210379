"""What fault a trial gets, and when it strikes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from runner.arms import FaultKind, FaultPattern, Persistence, Visibility
from runner.canonical import digest
from runner.events.calls import FaultDelivered
from runner.messages import Frozen
from runner.results import TrialKey

TOOLS: Mapping[FaultKind, tuple[str, ...]] = {
    "tool_error": ("read_file", "edit_file", "run_tests"),
    "timeout": ("run_tests",),
    "truncated_output": ("read_file", "run_tests"),
    "stale_read": ("read_file",),
    "lost_edit": ("edit_file",),
    "flaky_test": ("run_tests",),
    "disk_full": ("edit_file",),
    "denied_approval": ("request_approval",),
}
"""Which tool a kind strikes. Edits and writes count as one: a model that only ever uses the other meets it as well."""
ALIKE = {"write_file": "edit_file"}
LATEST = 2
"""The fault strikes the first or second call of its tool, so that also short trials meet it."""


class Fault(Frozen):
    """One trial's fault."""

    kind: FaultKind
    visibility: Visibility
    persistence: Persistence
    tool: str
    nth: int
    """The call of this tool, from 1, that it strikes, or the first later one that it can."""


def draw(pattern: FaultPattern, seed: int) -> Fault:
    """A fault that fits the pattern; the same for the same seed."""
    drawn = random.Random(seed)
    kind: FaultKind = drawn.choice(get_args(FaultKind))
    visibility: Visibility = drawn.choice(get_args(Visibility))
    persistence: Persistence = drawn.choice(get_args(Persistence))
    kind = pattern.kind or kind
    return Fault(
        kind=kind,
        visibility=pattern.visibility or visibility,
        persistence=pattern.persistence or persistence,
        tool=drawn.choice(TOOLS[kind]),
        nth=drawn.randint(1, LATEST),
    )


def fault_seed(study_seed: int, key: TrialKey) -> int:
    """The same for every model and arm: all of them meet the same fault in a scenario and repeat."""
    return int(digest([study_seed, "fault", key.scenario, key.repeat])[:8], 16)


def delivered(receipts: Iterable[FaultDelivered]) -> Fault | None:
    """The fault that a trial's receipts tell of, to be injected again; None where none took effect."""
    first = next(iter(receipts), None)
    if first is None:
        return None
    return Fault(
        kind=first.fault,
        visibility=first.visibility,
        persistence=first.persistence,
        tool=ALIKE.get(first.tool, first.tool),
        nth=first.nth,
    )


@dataclass
class Injection:
    """Counts the calls of the fault's tool, says which of them it strikes, and hands out receipts."""

    fault: Fault
    deliver: Callable[[FaultDelivered], object]
    _calls: int = field(default=0)
    _delivered: bool = field(default=False)

    def due(self) -> bool:
        """Whether the fault is to strike this call, which is counted."""
        self._calls += 1
        return self._calls >= self.fault.nth and (self.fault.persistence == "permanent" or not self._delivered)

    def receipt(self) -> None:
        """The fault took effect."""
        fault = self.fault
        self._delivered = True
        self.deliver(
            FaultDelivered(
                fault=fault.kind,
                visibility=fault.visibility,
                persistence=fault.persistence,
                tool=fault.tool,
                nth=self._calls,
            )
        )
