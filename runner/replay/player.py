"""Makes recorded calls again: with the arguments they had, with the fault that struck them, by the tools' own code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from runner.approvals import Decision, Request
from runner.errors import UserError
from runner.events import AnyEvent
from runner.events.calls import FaultDelivered
from runner.faults import faulty
from runner.faults.base import delivered
from runner.replay.calls import RecordedCall
from runner.tools import toolbox
from runner.tools.base import Outcome, Workbench, made
from runner.trials.turns import first


@dataclass(frozen=True)
class Played:
    """What came of a call this time; `outcome` is None where it could not be made at all, `problem` says why."""

    outcome: Outcome | None
    receipts: tuple[FaultDelivered, ...] = ()
    problem: str = ""


class Nobody:
    """The approver of a replay: it is never asked, since what was decided is known."""

    def decide(self, request: Request) -> Decision:
        raise UserError("a replay asks nobody")


class Player:
    """For one trial's calls, in their order: faults count the calls of their tool."""

    def __init__(self, events: Iterable[AnyEvent], bench: Workbench) -> None:
        fault = delivered(event for event in events if isinstance(event, FaultDelivered))
        self._bench = bench
        self._receipts: list[FaultDelivered] = []
        self._tools, _ = faulty(fault, toolbox(early_confidence=True), Nobody(), self._receipts.append)

    def play(self, call: RecordedCall) -> Played:
        """Make a call that was made. Raises the sandbox's errors when the sandbox is gone."""
        tool = self._tools.get(call.tool)
        if tool is None:
            return Played(None, problem=f"there is no tool {call.tool!r:.80} in this version")
        try:
            arguments = tool.arguments.model_validate(call.arguments)
        except ValidationError as error:
            return Played(None, problem=f"its arguments do not fit this version: {first(error)}")
        self._receipts.clear()
        outcome = made(tool, arguments, self._bench)
        return Played(outcome, tuple(self._receipts))
