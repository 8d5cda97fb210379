"""Another model as approver: asked with strict JSON in mind, on a budget of its own, and never believed beyond it.

What it reads was written by the model under test, so it stands between marks that the reviewer is told not to obey; it
may be denied the agent's own words altogether. Whatever is no clear answer escalates: a reviewer that fails denies
nothing and allows nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, ValidationError

from runner.approvals import Decision, Request
from runner.errors import AnswerCut
from runner.messages import Frozen, Message, Reply, SystemMessage, UserMessage, shorten
from runner.models.base import Model

PROMPT = Path(__file__).with_name("reviewer.md")
LONGEST = 20_000
"""Characters of a preview that a reviewer is shown."""

Reserve = Callable[[float, int], Callable[[float, int], None]]


class ReviewerSettings(Frozen):
    """`[reviewer]` of a study."""

    usd: StrictFloat | None = Field(default=None, ge=0)
    """Of one trial's reviews together."""
    prose: bool = True
    """Whether it reads the agent's own reasons beside the call."""


class Answer(BaseModel):
    """What a reviewer has to say, and nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True)
    outcome: Literal["approve", "deny"]
    reason: str


class Reviewer:
    """See the module. `reserve` is the run's own: a review is paid from the run's budget like any call."""

    def __init__(
        self, name: str, model: Model, instruction: str, scope: str, settings: ReviewerSettings, reserve: Reserve
    ) -> None:
        self._name = name
        self._model = model
        self._opening = SystemMessage(text=PROMPT.read_text(encoding="utf-8").strip())
        self._task = f"The task that the agent was given:\n\n{instruction.strip()}\n\n{scope}"
        self._settings = settings
        self._reserve = reserve
        self._spent = 0.0

    def decide(self, request: Request) -> Decision:
        """Raises what the provider raises, and BudgetExhausted; the gate makes no call then."""
        conversation: list[Message] = [self._opening, UserMessage(text=f"{self._task}\n\n{self._question(request)}")]
        worst = self._model.worst_case_usd(conversation, [])
        if self._settings.usd is not None and self._spent + worst > self._settings.usd:
            return self._none(f"the reviewer's budget of {self._settings.usd:g} USD is used up", 0.0)
        reply = self._ask(conversation, worst)
        try:
            answer = Answer.model_validate_json(_object(reply.message.text).encode("utf-8", "replace"))
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]["msg"]
            return self._none(f"the reviewer's answer is not what was asked for: {problem}", reply.cost_usd)
        reason = shorten(answer.reason, 1000)
        return Decision(outcome=answer.outcome, approver=self._name, reason=reason, cost_usd=reply.cost_usd)

    def _ask(self, conversation: list[Message], worst: float) -> Reply:
        """The reviewer's turn, its price set aside before and settled after, however it ends."""
        tokens = self._model.worst_case_tokens(conversation, [])
        settle = self._reserve(worst, tokens)
        self._spent += worst
        try:
            reply = self._model.reply(conversation, [])
        except AnswerCut:  # perhaps paid for
            settle(worst, tokens)
            raise
        except Exception:
            self._spent -= worst
            settle(0.0, 0)
            raise
        self._spent += reply.cost_usd - worst
        settle(reply.cost_usd, reply.usage.total or tokens)
        return reply

    def _question(self, request: Request) -> str:
        action = request.action
        asked = {
            "tool": action.tool,
            "effects": sorted(action.effects),
            "risk": f"R{int(action.risk)}",
            "touches": list(action.targets),
            "arguments": action.arguments,
            "rule": request.rule,
        }
        if self._settings.prose and request.trigger == "model":
            asked |= {"agents_reason": request.reason, "agents_alternative": request.alternative}
        text = shorten(json.dumps(asked, indent=1, ensure_ascii=False), LONGEST).replace("</", "<\\/")
        return f"The call, as data:\n<call>\n{text}\n</call>"

    def _none(self, reason: str, cost: float) -> Decision:
        return Decision(outcome="escalate", approver=self._name, reason=reason, cost_usd=cost)


def _object(text: str) -> str:
    """The JSON object in an answer, a code fence around it taken off; the text itself where there is none."""
    plain = text.strip()
    if plain.startswith("```") and plain.endswith("```"):
        plain = plain.strip("`").removeprefix("json")
    return plain.strip()
