"""Approvers one after the other: the next is asked where the one before gave no answer."""

from __future__ import annotations

from collections.abc import Sequence

from runner.approvals import Decision, Request
from runner.approvers.base import Approver
from runner.errors import Interrupted


class Chained:
    """The first clear answer counts; what earlier ones cost is part of it."""

    def __init__(self, approvers: Sequence[Approver]) -> None:
        self._approvers = approvers

    def decide(self, request: Request) -> Decision:
        cost, reasons = 0.0, list[str]()
        for approver in self._approvers:
            try:
                decision = approver.decide(request)
            except Interrupted:
                raise
            except Exception as error:
                reasons.append(f"{type(error).__name__}")
                continue
            cost += decision.cost_usd
            if decision.outcome != "escalate":
                return decision.model_copy(update={"cost_usd": cost})
            reasons.append(decision.reason)
        reason = "; ".join(filter(None, reasons)) or "nobody answered"
        return Decision(outcome="escalate", approver="none", reason=reason, cost_usd=cost)
