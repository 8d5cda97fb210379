"""An approver with a fault in it: it denies what it may have wanted to approve."""

from __future__ import annotations

from runner.approvals import Decision, Request
from runner.approvers.base import Approver
from runner.faults.base import Injection


class FaultyApprover:
    """The approver as ever, but for the requests that the fault strikes: denied with a reason, or without."""

    def __init__(self, inner: Approver, injection: Injection) -> None:
        self._inner = inner
        self._injection = injection

    def decide(self, request: Request) -> Decision:
        if not self._injection.due():
            return self._inner.decide(request)
        self._injection.receipt()
        explicit = self._injection.fault.visibility == "explicit"
        reason = "approvals are closed at the moment; do without" if explicit else ""
        return Decision(outcome="deny", approver="fault", reason=reason)
