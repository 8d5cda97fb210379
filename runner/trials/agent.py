"""The loop: the model proposes calls, the gate rules on them, the tools make them, every step is written down."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from runner.approvals import Action
from runner.errors import AnswerCut, Interrupted, ModelFault, ProviderDown
from runner.events.calls import CallRefused, CallRejected, ToolReturned
from runner.events.conversation import ConfidenceStated, Replied, Told
from runner.events.endings import LimitReached, Submitted
from runner.messages import Message, Reply, ToolCall, ToolMessage, Usage, UserMessage
from runner.models.base import Model
from runner.pulse import PULSE
from runner.results import Submission
from runner.scenarios.scenario import Limits
from runner.tools.base import AnyTool, Arguments, Outcome, Workbench, made, spec
from runner.tools.conversation import RequestApprovalArguments
from runner.transcript import Transcript
from runner.trials.gate import Becomes, Gate
from runner.trials.links import followed
from runner.trials.turns import MAX_CALLS, bounded, first, of_turn, parse, silence

MAX_FORMAT_ERRORS = 5
"""Turns in a row without one usable call; then the trial ends as agent_limit."""
CUT_PAUSES = (1.0, 10.0)
"""Seconds before a turn is asked for again whose answer broke off; after one more the provider counts as down."""
Reserve = Callable[[float, int], Callable[[float, int], None]]
"""Sets US dollars and tokens aside; returns how to settle. Raises BudgetExhausted."""


@dataclass(frozen=True)
class Ending:
    """How the loop ended: with a submission, or at a limit."""

    submission: Submission | None = None
    limit: LimitReached | None = None


@dataclass
class Tally:
    """What a trial has used so far; readable at any time, also after an error."""

    turns: int = 0
    usage: Usage = field(default_factory=Usage)
    cost_usd: float = 0.0
    model_seconds: float = 0.0
    tool_seconds: float = 0.0
    waited: float = 0.0
    """Seconds of waiting for a provider, which are no work."""

    @property
    def worked(self) -> float:
        """Seconds that count against the limit: waiting for approvals does not."""
        return self.model_seconds + self.tool_seconds


@dataclass
class Agent:
    """One trial's loop."""

    model: Model
    tools: Mapping[str, AnyTool]
    gate: Gate
    bench: Workbench
    transcript: Transcript
    limits: Limits
    reserve: Reserve
    stop: threading.Event
    tally: Tally
    _conversation: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._specs = [spec(tool) for tool in self.tools.values()]

    def run(self, said: list[Message], earlier: list[Message] | None = None) -> Ending:
        """Work until submission or limit. Raises Interrupted, BudgetExhausted, ModelFault and the sandbox's errors.

        `said` is what the model is told first; after `earlier`, a conversation that another trial had, if any.
        """
        for message in said:
            if message.role in ("system", "user"):
                self.transcript.append(Told(role="system" if message.role == "system" else "user", text=message.text))
        self._conversation = [*(earlier or []), *said]
        idle_turns = 0
        while True:
            if limit := self._limit(idle_turns):
                return Ending(limit=self.transcript.append(limit))
            reply = self._ask_model()
            if reply.stop == "context":
                detail = "the conversation no longer fits the model"
                return Ending(limit=self.transcript.append(LimitReached(limit="context", detail=detail)))
            usable = 0
            for call in reply.message.tool_calls:
                self._check_stop()
                if limit := self._time_limit():
                    return Ending(limit=self.transcript.append(limit))
                outcome, made = self._answer(call)
                usable += made
                if isinstance(outcome, LimitReached):
                    return Ending(limit=self.transcript.append(outcome))
                if outcome.submission is not None:
                    self.transcript.append(Submitted(submission=outcome.submission))
                    return Ending(submission=outcome.submission)
                self._conversation.append(ToolMessage(call_id=call.id, text=outcome.text, is_error=outcome.is_error))
            if reply.message.left_out:
                told = f"Only the first {MAX_CALLS} calls of a turn are made; make the others again."
                self._tell(of_turn("too_many", told))
            if not reply.message.tool_calls:
                self._tell(silence(reply))
            idle_turns = 0 if usable else idle_turns + 1

    def _ask_model(self) -> Reply:
        """The next turn, its cost reserved before and settled after; what it holds is bounded before it is kept."""
        specs = self._specs
        for cuts in itertools.count(1):
            self._check_stop()
            worst = self._worst_case()
            settle = self.reserve(*worst)
            started = PULSE.now()
            try:
                reply = self.model.reply(self._conversation, specs)
                break
            except AnswerCut as cut:  # perhaps paid for
                self.tally.waited += PULSE.now() - started
                settle(*worst)
                if cuts > len(CUT_PAUSES):
                    raise ProviderDown(f"{cuts} answers in a row broke off: {cut}") from cut
                self.tally.waited += CUT_PAUSES[cuts - 1]
                self.stop.wait(CUT_PAUSES[cuts - 1])
            except ModelFault:
                self.tally.waited += PULSE.now() - started
                settle(0.0, 0)
                raise
        seconds = PULSE.now() - started
        waited = reply.call.waited if reply.call else 0.0
        settle(reply.cost_usd, reply.usage.total or worst[1])
        reply = reply.model_copy(update={"message": bounded(reply.message)})
        self.tally.turns += 1
        self.tally.model_seconds += seconds - waited
        self.tally.waited += waited
        self.tally.usage += reply.usage
        self.tally.cost_usd += reply.cost_usd
        self.transcript.append(Replied(turn=self.tally.turns, reply=reply, seconds=seconds))
        self._conversation.append(reply.message)
        return reply

    def _worst_case(self) -> tuple[float, int]:
        """Raises ModelFault for what is no amount, since nothing could be set aside for it."""
        usd = self.model.worst_case_usd(self._conversation, self._specs)
        tokens = self.model.worst_case_tokens(self._conversation, self._specs)
        if not (isinstance(usd, float | int) and usd >= 0 and isinstance(tokens, int) and tokens >= 0):
            raise ModelFault(f"its worst case is no amount: {usd!r:.80} USD and {tokens!r:.80} tokens; none is below 0")
        return usd, tokens

    def _answer(self, call: ToolCall) -> tuple[Outcome | LimitReached, bool]:
        """What a call comes to, and whether it was a call at all."""
        parsed = parse(call, self.tools)
        if isinstance(parsed, CallRejected):
            self.transcript.append(parsed)
            return Outcome(parsed.message, is_error=True), False
        tool, arguments = parsed
        if isinstance(arguments, RequestApprovalArguments):
            return self._petition(call, arguments), True
        action = self._action(tool, arguments)
        admission = self.gate.admit(call.id, action, self._becomes(tool))
        if admission.kind == "terminate":
            return LimitReached(limit="terminated", detail=admission.message), True
        if admission.kind != "go":
            return self._refused(call, admission.kind, admission.message), True
        if admission.action != action:
            arguments = tool.arguments.model_validate(admission.action.arguments)
        return self._call(call, tool, arguments), True

    def _refused(self, call: ToolCall, reason: Literal["forbidden", "denied", "arguments"], message: str) -> Outcome:
        self.transcript.append(CallRefused(call_id=call.id, tool=call.name, reason=reason, message=message))
        return Outcome(message, is_error=True)

    def _call(self, call: ToolCall, tool: AnyTool, arguments: Arguments) -> Outcome:
        started = PULSE.now()
        outcome = made(tool, arguments, self.bench)
        seconds = PULSE.now() - started
        self.tally.tool_seconds += seconds
        self.transcript.append(
            ToolReturned(
                call_id=call.id,
                tool=tool.name,
                text=outcome.text,
                is_error=outcome.is_error,
                timed_out=outcome.timed_out,
                exit_code=outcome.exit_code,
                elided_bytes=outcome.elided_bytes,
                seconds=seconds,
            )
        )
        if outcome.confidence is not None:
            self.transcript.append(ConfidenceStated(confidence=outcome.confidence))
        return outcome

    def _petition(self, call: ToolCall, asked: RequestApprovalArguments) -> Outcome | LimitReached:
        """The model asks beforehand for a call that it describes."""
        wanted = ToolCall.of(call.id, asked.tool, **asked.arguments)
        parsed = parse(wanted, self.tools)
        if isinstance(parsed, CallRejected):
            said = f"the call you ask for cannot be made: {parsed.message}"
            self.transcript.append(parsed.model_copy(update={"message": said}))
            return Outcome(said, is_error=True)
        admission = self.gate.petition(call.id, self._action(*parsed), asked, self._becomes(parsed[0]))
        if admission.kind == "terminate":
            return LimitReached(limit="terminated", detail=admission.message)
        denied = admission.kind != "go"
        self.transcript.append(ToolReturned(call_id=call.id, tool=call.name, text=admission.message, is_error=denied))
        return Outcome(admission.message, is_error=denied)

    def _becomes(self, tool: AnyTool) -> Becomes:
        """What the tool would do with other arguments."""

        def becomes(arguments: dict[str, Any]) -> Action:
            try:
                return self._action(tool, tool.arguments.model_validate(arguments))
            except ValidationError as error:
                raise ValueError(first(error)) from None

        return becomes

    def _action(self, tool: AnyTool, arguments: Arguments) -> Action:
        reach = followed(tool.reach(arguments, self.bench.scope), self.bench)
        return Action(
            tool=tool.name,
            arguments=arguments.model_dump(mode="json"),
            effects=reach.effects,
            targets=reach.targets,
            preview=reach.preview,
        )

    def _tell(self, rejected: CallRejected) -> None:
        """Say what is expected of a turn as a whole."""
        self.transcript.append(rejected)
        self._conversation.append(UserMessage(text=rejected.message))

    def _limit(self, idle_turns: int) -> LimitReached | None:
        tally = self.tally
        if idle_turns >= MAX_FORMAT_ERRORS:
            return LimitReached(limit="format_errors", detail=f"{idle_turns} turns in a row without a usable call")
        if tally.turns >= self.limits.turns:
            return LimitReached(limit="turns", detail=f"{tally.turns} turns without a submission")
        if limit := self._time_limit():
            return limit
        if self.limits.usd is not None and tally.cost_usd >= self.limits.usd:
            return LimitReached(limit="usd", detail=f"{tally.cost_usd:.4f} USD without a submission")
        return None

    def _time_limit(self) -> LimitReached | None:
        worked = self.tally.worked
        if worked < self.limits.minutes * 60:
            return None
        return LimitReached(limit="minutes", detail=f"{worked / 60:.1f} minutes of work without a submission")

    def _check_stop(self) -> None:
        if self.stop.is_set():
            raise Interrupted("stopped by the user")
