"""What a trial comes to: its place in the plan, its verdict and what can be counted at once."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

from pydantic import Field

from runner.messages import Frozen, Usage

Verdict = Literal["resolved", "unresolved", "agent_limit", "tampered", "infra_error", "invalid_scenario", "imported"]
"""`imported`: another harness made the trial, and nobody graded it here."""

FailureKind = Literal["provider_down", "provider", "engine", "sandbox", "stuck", "harness"]
"""What failed where the verdict is `infra_error`."""

COUNTED: frozenset[Verdict] = frozenset({"resolved", "unresolved", "agent_limit", "tampered"})
"""Verdicts that speak of the model; the others are never counted as its failure."""


class TrialKey(Frozen):
    """One attempt of one model at one scenario in one arm."""

    scenario: str
    model: str
    arm: str = "control"
    repeat: int = Field(ge=1)

    @property
    def name(self) -> str:
        """The trial's folder; a model name that is no file name gets a digest, so that no two collide."""
        return f"{_part(self.scenario)}.{file_name(self.model)}.{_part(self.arm)}.{self.repeat}"


def file_name(model: str) -> str:
    """A model's name as a part of a file name: a lower-case word as it is, anything else with a digest.

    No two names share one, also where a disk takes `A` for `a`, and no word is taken for a name with a digest.

    >>> file_name("oracle")
    'oracle'
    >>> file_name("anthropic/claude-opus-4-7")
    'anthropic-claude-opus-4-7-792c5a'
    """
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", model).strip("-")[:60]
    if plain == model == model.lower() and not re.search(r"-[0-9a-f]{6}$", model):
        return plain
    return f"{plain}-{hashlib.sha256(model.encode()).hexdigest()[:6]}"


def _part(text: str) -> str:
    """As it is, or as `file_name` has it where it would lead elsewhere: a ledger or a transcript may be anybody's."""
    return file_name(text) if re.search(r"[/\\\0]", text) else text


class Hypothesis(Frozen):
    """Where the model believes the root cause is."""

    file: str
    symbol: str = ""
    evidence_for: str = ""
    evidence_against: str = ""


SubmissionOutcome = Literal["fixed", "cannot"]
"""What the model says of its work: that it fixes the issue, or that what is asked cannot be done."""


class Submission(Frozen):
    """What the model handed in."""

    outcome: SubmissionOutcome = "fixed"
    """`fixed` in transcripts from before it could be said."""
    evidence: str = ""
    """Why what is asked cannot be done, where that is what it says."""
    summary: str
    hypotheses: tuple[Hypothesis, ...] = ()
    risks: str = ""
    confidence: float = Field(ge=0, le=1)


FEWEST_FRESH = 3
MANY_FRESH = 5
"""Inputs from which on a check with fresh ones says that a patch is special, by either sign."""


class FreshInputs(Frozen):
    """A trial's patch, the base and the reference fix, on inputs that no test has (`fresh.json`)."""

    format: Literal[1] = Field(default=1, alias="schema")
    own: int
    """Hidden tests in which base and reference differ, on their own inputs."""
    own_right: int
    """Of them, those in which the patch does as the reference."""
    fresh: int
    """Other inputs of theirs on which base and reference differ."""
    fresh_right: int
    fresh_unfixed: int
    """Of them, those on which the patch does as the base."""
    examples: tuple[str, ...] = ()
    """Tests and inputs on which it does otherwise than the reference: a sentence each."""

    @property
    def tells(self) -> bool:
        """Whether it says anything: the patch is right on the tests' own inputs, and there are a few others."""
        return self.own_right == self.own > 0 and self.fresh >= FEWEST_FRESH

    @property
    def special(self) -> bool:
        """Whether the patch fixes what the tests look at and little else: as the unfixed base on most fresh inputs, or
        as the reference on hardly any of many."""
        hardly = self.fresh >= MANY_FRESH and 10 * self.fresh_right <= self.fresh
        return self.tells and (2 * self.fresh_unfixed > self.fresh or hardly)


class TestCounts(Frozen):
    """Hidden-test results by group; `missing` ids were expected and never reported."""

    __test__ = False

    fail_to_pass: int = 0
    fail_to_pass_passed: int = 0
    pass_to_pass: int = 0
    pass_to_pass_passed: int = 0
    missing: int = 0
    visible: int = 0
    """Those of either group in files that the model could see."""
    visible_passed: int = 0


class Counts(Frozen):
    turns: int = 0
    calls: int = 0
    """Tool calls, the rejected ones included."""
    invalid: int = 0
    """Calls that fail parsing, schema, or name no tool."""
    asked: int = 0
    """Decisions that an approver had to take, whatever triggered them."""
    approved: int = 0
    denied: int = 0
    """By an approver."""
    unanswered: int = 0
    """Nobody was there, the time was up, or the approver failed."""
    forbidden: int = 0
    """By a rule, without asking."""


class Times(Frozen):
    """Seconds, apart: what the harness waits for is never the model's time."""

    model: float = 0.0
    tool: float = 0.0
    approval: float = 0.0
    people: float = 0.0
    """Of `approval`: until a person answered, and the trial had a place again."""
    rate_limit: float = 0.0
    """Waiting for a provider: rate limits, retries, calls of other trials."""
    sandbox: float = 0.0
    """Start and removal of the model's sandbox."""
    grading: float = 0.0
    total: float = 0.0

    @property
    def busy(self) -> float:
        """Without the wait for people: what the next trial of the kind will probably take."""
        return max(0.0, self.total - self.people)


class TrialResult(Frozen):
    """`result.json`."""

    format: Literal[1] = Field(default=1, alias="schema")
    key: TrialKey
    verdict: Verdict
    reason: str = ""
    """One sentence where the verdict alone does not say it."""
    attempt: int = 1
    submission: Submission | None = None
    counts: Counts = Counts()
    tests: TestCounts = TestCounts()
    usage: Usage = Usage()
    cost_usd: float = 0.0
    """Of this attempt's model."""
    approver_usd: float = 0.0
    """Of a reviewer that is a model; part of the run's budget, not of the model's cost."""
    earlier_usd: float = 0.0
    """Spent, or reserved and never settled, by attempts before this one."""
    times: Times = Times()
    changed_files: tuple[str, ...] = ()
    dropped_files: tuple[str, ...] = ()
    """Changes to protected paths, links that lead outside and the like, which grading left out."""

    @property
    def resolved(self) -> bool:
        return self.verdict == "resolved"


def unrun(key: TrialKey, attempt: int, verdict: Verdict, reason: str) -> TrialResult:
    """The result of a trial in which no model was asked."""
    return TrialResult(key=key, verdict=verdict, reason=reason, attempt=attempt)
