"""Failures injected on purpose: a wrapper round tools and approver that the rest of the code does not know of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runner.approvers.base import Approver
from runner.arms import FaultKind
from runner.events.calls import FaultDelivered
from runner.faults.approver import FaultyApprover
from runner.faults.base import ALIKE, Fault, Injection
from runner.faults.files import DiskFull, LostEdit, StaleRead
from runner.faults.outputs import FlakyTest, TimedOut, ToolError, Truncated
from runner.faults.tools import FaultyTool, Spoiler
from runner.tools.base import AnyTool

SPOILERS: Mapping[FaultKind, type[Spoiler]] = {
    "tool_error": ToolError,
    "timeout": TimedOut,
    "truncated_output": Truncated,
    "stale_read": StaleRead,
    "lost_edit": LostEdit,
    "flaky_test": FlakyTest,
    "disk_full": DiskFull,
}


def faulty(
    fault: Fault | None, tools: Mapping[str, AnyTool], approver: Approver, deliver: Callable[[FaultDelivered], object]
) -> tuple[dict[str, AnyTool], Approver]:
    """Tools and approver as a trial gets them: as they are, or with its fault in one of them.

    `deliver` gets a receipt each time that the fault takes effect.
    """
    if fault is None:
        return dict(tools), approver
    injection = Injection(fault, deliver)
    if fault.kind == "denied_approval":
        return dict(tools), FaultyApprover(approver, injection)
    spoiler = SPOILERS[fault.kind](fault)
    struck = {name for name in tools if ALIKE.get(name, name) == fault.tool}
    wrapped = {name: FaultyTool(tool, spoiler, injection if name in struck else None) for name, tool in tools.items()}
    return dict(wrapped), approver
