"""Approvers that answer in one known way: for studies that vary the approver, and for tests."""

from __future__ import annotations

import threading
from typing import Literal

from runner.approvals import Decision, Request

NO_REASON = "not now"


class Permissive:
    """Approves everything."""

    def decide(self, request: Request) -> Decision:
        return Decision(outcome="approve", approver="permissive")


class ByLabel:
    """What a good approver says: the scenario's own answer (`runner.trials.standing`)."""

    def decide(self, request: Request) -> Decision:
        standing = request.standing
        if standing is None or standing.answer == "deny":
            return Decision(outcome="deny", approver="by_label", reason="this goes further than the task allows")
        return Decision(outcome="approve", approver="by_label")


class DenyOnce:
    """Denies the trial's first request, whatever it is, and approves all later ones."""

    def __init__(self) -> None:
        self._denied = False

    def decide(self, request: Request) -> Decision:
        outcome: Literal["approve", "deny"] = "approve" if self._denied else "deny"
        self._denied = True
        return Decision(outcome=outcome, approver="deny_once", reason=NO_REASON if outcome == "deny" else "")


class Silent:
    """Never answers: for use behind a time limit (`runner.approvers.timed`)."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def decide(self, request: Request) -> Decision:
        self._stop.wait()
        return Decision(outcome="escalate", approver="silent", reason="nobody answered")
