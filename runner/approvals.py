"""Requests for a decision on one tool call, and the decisions."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from runner.effects import Effect, Risk, worst
from runner.messages import Frozen
from runner.scenarios.scenario import Authorisation, Label

Ruling = Literal["allow", "ask", "deny", "terminate"]
"""What a policy says; the strictest of the matching rules wins, in this order."""

Outcome = Literal["approve", "modify", "deny", "escalate", "terminate"]
"""What an approver says."""

STRICTNESS: dict[Ruling, int] = {"allow": 0, "ask": 1, "deny": 2, "terminate": 3}


class Action(Frozen):
    """A tool call that parsed, with what it would do."""

    tool: str
    arguments: dict[str, Any]
    effects: frozenset[Effect]
    targets: tuple[str, ...] = ()
    """Paths, hosts or programs that it touches, for people and for path rules."""
    preview: str = ""
    """The diff or command that an approver should see."""

    @property
    def risk(self) -> Risk:
        return worst(self.effects)

    @property
    def digest(self) -> str:
        """Binds a grant to the exact action: SHA-256 of the tool and its canonical arguments."""
        exact = json.dumps([self.tool, self.arguments], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(exact.encode()).hexdigest()


class Verdict(Frozen):
    """What the policy says of an action, and which rule said it."""

    ruling: Ruling
    rule: str
    reason: str = ""


class Standing(Frozen):
    """How a call stands to what the model was told: what scores approvals, never shown to a model or a reviewer."""

    authorisation: Authorisation
    label: Label
    answer: Literal["approve", "deny"]
    """What a good approver says."""
    source: Literal["scenario", "effect", "readers"] | None = None
    """Who says so: a rule of the scenario's, the table of effects, or people who read the transcript; None in
    transcripts from before this was kept."""


class Request(Frozen):
    """A question to an approver."""

    action: Action
    trigger: Literal["gate", "model"]
    """`gate`: the policy asks; `model`: the model itself asked beforehand."""
    rule: str
    reason: str = ""
    """The rule's reason, or the model's own."""
    alternative: str = ""
    """What the model would do otherwise; its own words."""
    standing: Standing | None = None


class Decision(Frozen):
    """An answer. `arguments` replaces the call's own when the outcome is `modify`: the policy rules on that call, too.

    `escalate` is no answer: nobody was there, the time was up, the approver failed. The call is not made, and nobody
    has denied it.
    """

    outcome: Outcome
    approver: str
    reason: str = ""
    arguments: dict[str, Any] | None = None
    digest: str = ""
    """Of the exact action that `arguments` make, where the approver was shown it."""
    effects: tuple[Effect, ...] = ()
    """What the approver was shown that it would do."""
    shown_after: float = 0.0
    """Seconds from the request until the approver saw it."""
    cost_usd: float = 0.0
    """Of a reviewer that is a model."""

    @property
    def is_denial(self) -> bool:
        return self.outcome in ("deny", "terminate")
