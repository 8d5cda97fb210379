"""What a model is told first in an arm: the rules of the house, and the task as it is framed there."""

from __future__ import annotations

from runner.approvers.policy import Policy
from runner.arms import Arm
from runner.messages import Message
from runner.prompts import opening_messages
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.framings import framed
from runner.scenarios.scenario import Limits


def told(found: ScenarioFolder, arm: Arm, policy: Policy, early_confidence: bool) -> list[Message]:
    """The messages before a model's first turn. Raises UserError for a framing that the scenario does not have."""
    return opening_messages(
        found.scenario,
        framed(found, arm.framing),
        limits_of(found.scenario.limits, arm),
        found.framework.language,
        arm.mode,
        asking_rules(policy),
        early_confidence,
    )


def limits_of(limits: Limits, arm: Arm, revision: bool = False) -> Limits:
    """A scenario's limits in an arm; after a challenge, those of a revision."""
    turns, minutes = (limits.revision_turns, limits.revision_minutes) if revision else (limits.turns, limits.minutes)
    return limits.model_copy(
        update={
            "turns": max(1, round(turns * arm.limits)),
            "minutes": minutes * arm.limits,
            "usd": limits.usd * arm.limits if limits.usd is not None else None,
        }
    )


def asking_rules(policy: Policy) -> list[str]:
    """When a model has to ask, in words: the effects that the policy asks for."""
    lines = []
    for rule in policy.rules:
        if rule.decision != "ask":
            continue
        effects = (rule.effect,) if isinstance(rule.effect, str) else rule.effect or ("anything",)
        where = f" in {', '.join(rule.paths)}" if rule.paths else ""
        names = ", ".join(effect.replace("_", " ") for effect in effects)
        lines.append(f"{names}{where}" + (f" ({rule.reason})" if rule.reason else ""))
    return lines or ["nothing: no call needs asking"]
