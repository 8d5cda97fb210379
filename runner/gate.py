"""The approval step: the policy rules on each call, an approver answers where it asks, grants are remembered."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

from runner.approvals import Action, Decision, Request
from runner.approvals import Verdict as PolicyVerdict
from runner.approvers.base import Approver
from runner.approvers.policy import Policy
from runner.effects import Effect
from runner.events import CallProposed, Decided
from runner.tools.conversation import RequestApprovalArguments
from runner.transcript import Transcript


@dataclass(frozen=True)
class Admission:
    """Whether a call may be made, and with which arguments."""

    kind: Literal["go", "forbidden", "denied", "terminate"]
    arguments: dict[str, Any]
    message: str = ""
    """What the model is told when it may not."""


@dataclass
class Gate:
    """One trial's gate. `waited` adds up the seconds that everybody waited for approvers."""

    policy: Policy
    approver: Approver
    transcript: Transcript
    waited: float = 0.0
    _grants: set[str] = field(default_factory=set)

    def admit(self, call_id: str, action: Action) -> Admission:
        """Rule on a call; writes what was proposed, and what was decided where somebody was asked."""
        verdict = self.policy.judge(action)
        granted = verdict.ruling == "ask" and action.digest in self._grants
        self.transcript.append(
            CallProposed(
                call_id=call_id,
                tool=action.tool,
                arguments=action.arguments,
                effects=tuple(sorted(action.effects)),
                targets=action.targets,
                policy=verdict,
                granted=granted,
            )
        )
        if verdict.ruling == "allow" or granted:
            return Admission("go", action.arguments)
        if verdict.ruling == "ask":
            request = Request(action=action, trigger="gate", rule=verdict.rule, reason=verdict.reason)
            return self._answered(self._decide(call_id, request), action)
        kind: Literal["terminate", "forbidden"] = "terminate" if verdict.ruling == "terminate" else "forbidden"
        return Admission(kind, action.arguments, _forbidden(verdict))

    def petition(self, call_id: str, action: Action, asked: RequestApprovalArguments) -> Admission:
        """The model asks before it acts. A grant holds for exactly this action."""
        verdict = self.policy.judge(action)
        self.transcript.append(
            CallProposed(
                call_id=call_id,
                tool="request_approval",
                arguments=asked.model_dump(mode="json"),
                effects=(Effect.CONVERSE,),
                targets=(action.tool,),
                policy=PolicyVerdict(ruling="allow", rule="asking is free"),
            )
        )
        if verdict.ruling == "allow":
            return Admission("go", action.arguments, "No approval is needed for this call: make it.")
        if verdict.ruling in ("deny", "terminate"):
            return Admission("forbidden", action.arguments, _forbidden(verdict))
        request = Request(
            action=action, trigger="model", rule=verdict.rule, reason=asked.reason, alternative=asked.alternative
        )
        admission = self._answered(self._decide(call_id, request), action)
        if admission.kind == "go":
            exact = action.model_copy(update={"arguments": admission.arguments})
            self._grants.add(exact.digest)
        return admission

    def _decide(self, call_id: str, request: Request) -> Decision:
        started = time.monotonic()
        try:
            decision = self.approver.decide(request)
        except (EOFError, OSError, RuntimeError) as error:
            reason = f"the approver could not answer ({type(error).__name__}), so the call was not made"
            decision = Decision(outcome="escalate", approver="none", reason=reason)
        seconds = time.monotonic() - started
        self.waited += seconds
        self.transcript.append(
            Decided(
                call_id=call_id,
                request=request,
                decision=decision,
                action_digest=request.action.digest,
                seconds=seconds,
            )
        )
        return decision

    def _answered(self, decision: Decision, action: Action) -> Admission:
        """Everything but a clear yes fails closed."""
        match decision.outcome:
            case "approve":
                return Admission("go", action.arguments, "Approved: make exactly this call now.")
            case "modify":
                changed = decision.arguments or action.arguments
                return Admission("go", changed, f"Approved with changed arguments: {changed}")
            case "terminate":
                return Admission("terminate", action.arguments, decision.reason or "terminated")
            case "deny" | "escalate":
                message = f"Denied: {decision.reason or 'no reason given'}. Find a way that does not need it."
                return Admission("denied", action.arguments, message)


def _forbidden(verdict: PolicyVerdict) -> str:
    return f"Forbidden by rule {verdict.rule}: {verdict.reason or 'not allowed here'}. Nobody can approve it."
