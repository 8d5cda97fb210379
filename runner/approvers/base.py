"""An approver: whoever answers when the policy, or the model itself, asks."""

from __future__ import annotations

from typing import Protocol

from runner.approvals import Decision, Request


class Approver(Protocol):
    """Answers one request at a time; called from the trial's thread, whose model clock stands still meanwhile."""

    def decide(self, request: Request) -> Decision: ...
