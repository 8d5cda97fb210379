"""An approver: whoever answers when the policy, or the model itself, asks."""

from __future__ import annotations

from typing import Protocol

from runner.approvals import Decision, Request


class Approver(Protocol):
    """Answers one trial's requests, one at a time.

    Called from the trial's thread, whose model clock stands still meanwhile. Whatever it raises is no answer: the call
    is not made, and nobody has denied it.
    """

    def decide(self, request: Request) -> Decision: ...
