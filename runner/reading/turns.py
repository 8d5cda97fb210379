"""What a transcript is read as: parts, in each what the model said, its calls, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runner.effects import Effect
from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRefused, CallRejected, Decided, FaultDelivered
from runner.measures.discipline import edited
from runner.measures.record import Call as Fact
from runner.messages import Usage
from runner.reading.counts import Counts
from runner.reading.excerpt import Excerpt


@dataclass(frozen=True)
class Words:
    """What the model said in a turn."""

    step: int
    text: Excerpt
    thoughts: Excerpt
    """Its reasoning, where the provider showed it."""
    stop: str
    usage: Usage
    usd: float
    seconds: float
    waited: float
    """Of `seconds`: for the provider's rate limits and retries."""
    model_id: str


@dataclass(frozen=True)
class Result:
    """What a call answered."""

    step: int
    text: Excerpt
    is_error: bool
    timed_out: bool
    exit_code: int | None
    seconds: float
    elided_bytes: int
    counts: Counts | None
    """Of a test run."""


@dataclass
class Call:
    """One tool call with all that belongs to it, grouped by its id."""

    step: int
    tool: str
    fact: Fact
    """The same call as the measures see it."""
    proposed: CallProposed | None = None
    """None for a call that never became an action."""
    rejected: CallRejected | None = None
    decided: Decided | None = None
    fault: FaultDelivered | None = None
    refused: CallRefused | None = None
    result: Result | None = None
    recovered: int | None = None
    """The step of the call that did later what this one failed to do."""
    failed_at: int | None = None
    """Of a call that did so: the step of the one that had failed."""
    followed: int | None = None
    """Of a call that a fault spoiled: the step of the next call that touched the same or did the same again."""
    is_test_run: bool = False

    @property
    def arguments(self) -> Mapping[str, Any]:
        return self.proposed.arguments if self.proposed else {}

    @property
    def edits(self) -> bool:
        """Whether it changed a file of the workspace."""
        return edited(self.fact)

    @property
    def asked(self) -> bool:
        """Whether approval was a matter: asked for, needed, granted before, or not asked for though it was needed."""
        proposed = self.proposed
        return proposed is not None and (
            self.fact.is_request or proposed.policy.ruling != "allow" or proposed.granted or proposed.unasked
        )

    @property
    def is_denied(self) -> bool:
        return self.refused is not None or (self.decided is not None and self.decided.decision.is_denial)

    @property
    def steps(self) -> list[int]:
        """Of all that belongs to it."""
        others = (self.decided, self.fault, self.refused, self.result)
        return [self.step, *(each.step for each in others if each is not None)]

    @property
    def failed(self) -> bool:
        return self.fact.failed

    @property
    def waits(self) -> bool:
        """Whether nothing has come back yet."""
        return self.fact.answered_step < 0 and self.rejected is None

    @property
    def boundary(self) -> bool:
        """Whether it would change more than the files in scope."""
        return bool(
            {Effect.OUT_OF_SCOPE, Effect.PROTECTED, Effect.OUTSIDE, Effect.NETWORK, Effect.INSTALL}.intersection(
                self.fact.effects
            )
        )


@dataclass(frozen=True)
class Other:
    """A step that is no part of a call; `text` is the body of `runner.report.steps.parts`, shortened."""

    step: int
    event: AnyEvent
    title: str
    text: Excerpt


@dataclass(frozen=True)
class Damaged:
    """A line that is no event of this version."""

    step: int
    problem: str


Item = Call | Other | Damaged
PartKind = Literal["opening", "turn", "challenge", "ending"]


@dataclass
class Part:
    """A stretch of a trial: what came before the first turn, a turn, a challenge and its words, or the grading."""

    kind: PartKind
    first: int
    last: int
    at: str
    """UTC, ISO 8601."""
    turn: int = 0
    """Of a turn: its number, from 1."""
    words: Words | None = None
    items: list[Item] = field(default_factory=list)
    usd: float = 0.0
    """Spent so far, this part included; so are the tokens."""
    tokens: int = 0
    goes_on: bool = False
    """Whether it is the rest of the part before it, which held too much for one."""

    @property
    def calls(self) -> list[Call]:
        return [item for item in self.items if isinstance(item, Call)]
