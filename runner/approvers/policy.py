"""The policy: which effects are allowed, asked for, denied or end the trial. Its rules prove themselves at load.

A call may have several effects. Each effect gets the strictest decision among the rules that match it, or the
default where none does; the call gets the strictest of those.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import pathspec
from pydantic import Field

from runner.approvals import STRICTNESS, Action, Decision, Request, Ruling, Verdict
from runner.commands import classify
from runner.commands.access import writing
from runner.effects import Effect
from runner.errors import FileProblem
from runner.messages import Frozen
from runner.scenarios.scenario import Scope
from runner.toml import read_toml

BUILTIN = Path(__file__).with_name("default_policy.toml")
EXAMPLE_SCOPE = Scope(writable=("src/**",), protected=("tests/**", "pyproject.toml"))
"""The scope in which a rule's examples are judged."""
FILE_TOOLS = ("edit_file", "write_file", "delete_file")


class Rule(Frozen):
    """One rule. All of the conditions that are given must hold."""

    id: str = Field(min_length=1)
    effect: Effect | tuple[Effect, ...] | None = None
    """Any of these effects; any effect at all when left out."""
    tool: str | tuple[str, ...] | None = None
    paths: tuple[str, ...] = ()
    """Globs as in .gitignore; one of the call's targets must match one."""
    decision: Ruling
    reason: str = ""
    """Told to the model."""
    match: tuple[str, ...] = ()
    """Examples that the rule must match: a shell command, or `edit_file path`."""
    not_match: tuple[str, ...] = ()

    def covers(self, action: Action, effect: Effect) -> bool:
        effects = (self.effect,) if isinstance(self.effect, Effect) else self.effect
        tools = (self.tool,) if isinstance(self.tool, str) else self.tool
        if effects is not None and effect not in effects:
            return False
        if tools is not None and action.tool not in tools:
            return False
        if self.paths:
            globs = pathspec.PathSpec.from_lines("gitignore", self.paths)
            return any(globs.match_file(target) for target in action.targets)
        return True

    def matches(self, action: Action) -> bool:
        return any(self.covers(action, effect) for effect in action.effects)


class Policy(Frozen):
    """A policy file."""

    format: Literal[1] = Field(alias="schema")
    default: Ruling = "ask"
    """For an effect that no rule matches."""
    unattended: Literal["approve", "deny"] = "deny"
    """What the `policy` approver answers when the policy asks and no human is there."""
    rules: tuple[Rule, ...] = ()

    def judge(self, action: Action) -> Verdict:
        """The strictest word on any of the action's effects."""
        verdicts = (self._judge_effect(action, effect) for effect in sorted(action.effects))
        return max(verdicts, key=lambda verdict: STRICTNESS[verdict.ruling], default=self._fallback("no effect"))

    def _judge_effect(self, action: Action, effect: Effect) -> Verdict:
        matching = [rule for rule in self.rules if rule.covers(action, effect)]
        if not matching:
            return self._fallback(effect)
        rule = max(matching, key=lambda rule: STRICTNESS[rule.decision])
        return Verdict(ruling=rule.decision, rule=rule.id, reason=rule.reason)

    def _fallback(self, effect: str) -> Verdict:
        return Verdict(ruling=self.default, rule="default", reason=f"no rule covers {effect}")


def load_policy(file: Path | None = None) -> Policy:
    """Read a policy, the built-in one by default. Raises FileProblem, also where a rule breaks its own examples."""
    file = file or BUILTIN
    policy = read_toml(file, Policy)
    seen: set[str] = set()
    for rule in policy.rules:
        if rule.id in seen:
            raise FileProblem(file, "occurs twice; give each rule its own id", f"rules.{rule.id}")
        seen.add(rule.id)
        for key, examples, wanted in (("match", rule.match, True), ("not_match", rule.not_match, False)):
            for example in examples:
                action = example_action(example)
                if rule.matches(action) is not wanted:
                    found = ", ".join(sorted(action.effects))
                    verb = "does not match" if wanted else "matches"
                    problem = f"the rule {verb} {example!r}, whose effects are: {found}"
                    raise FileProblem(file, problem, f"rules.{rule.id}.{key}")
    return policy


def example_action(text: str) -> Action:
    """An example as an action: `edit_file src/x.py`, or a shell command."""
    words = _split(text)
    if len(words) == 2 and words[0] in FILE_TOOLS:
        tool, path = words
        return Action(tool=tool, arguments={"path": path}, effects=writing(path, EXAMPLE_SCOPE), targets=(path,))
    reach = classify(text, EXAMPLE_SCOPE)
    return Action(tool="run_command", arguments={"command": text}, effects=reach.effects, targets=tuple(reach.targets))


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []


class PolicyApprover:
    """Nobody is there: every question gets the policy's `unattended` answer."""

    def __init__(self, policy: Policy) -> None:
        self._answer = policy.unattended

    def decide(self, request: Request) -> Decision:
        if self._answer == "approve":
            return Decision(outcome="approve", approver="policy")
        effects = _listed(request.action.effects)
        reason = f"nobody is there to approve {effects}; stay within the workspace's scope and its own tools"
        return Decision(outcome="deny", approver="policy", reason=reason)


def _listed(effects: Iterable[Effect]) -> str:
    return ", ".join(sorted(effects)) or "this"
