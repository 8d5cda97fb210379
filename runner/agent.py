"""The loop: the model proposes calls, the gate rules on them, the tools make them, every step is written down."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ValidationError

from runner.approvals import Action
from runner.errors import AnswerCut, BudgetExhausted, Interrupted, ModelFault
from runner.events import CallRejected, LimitReached, Replied, Submitted, Told, ToolReturned
from runner.gate import Gate
from runner.messages import (
    AssistantMessage,
    Message,
    Reply,
    ToolCall,
    ToolMessage,
    Usage,
    UserMessage,
    shorten,
)
from runner.models.base import Model
from runner.models.formats.textcalls import calls_as_text
from runner.results import Submission
from runner.scenario import Limits
from runner.tools.base import AnyTool, Arguments, Outcome, Refusal, Workbench, spec
from runner.tools.conversation import RequestApprovalArguments
from runner.transcript import Transcript

MAX_FORMAT_ERRORS = 5
"""Turns in a row without one usable call; then the trial ends as agent_limit."""
MAX_TEXT = 64 * 1024
"""Characters of a model's text, or of one call's arguments, that are kept."""
MAX_CUTS = 3
"""Answers to one turn that may break off."""
MAX_CALLS = 32
"""Calls of one turn that are looked at."""

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

    def run(self, opening: list[Message]) -> Ending:
        """Work until submission or limit. Raises Interrupted, ModelFault and the sandbox's errors."""
        for message in opening:
            self.transcript.append(Told(role="system" if message.role == "system" else "user", text=message.text))
        self._conversation = list(opening)
        idle_turns = 0
        while True:
            if limit := self._limit(idle_turns):
                return Ending(limit=self.transcript.append(limit))
            try:
                reply = self._ask_model()
            except BudgetExhausted as error:
                return Ending(limit=self.transcript.append(LimitReached(limit="budget", detail=str(error))))
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
                self._tell("too_many", f"Only the first {MAX_CALLS} calls of a turn are made; make the others again.")
            if not reply.message.tool_calls:
                self._explain_silence(reply)
            idle_turns = 0 if usable else idle_turns + 1

    def _ask_model(self) -> Reply:
        """The next turn, its cost reserved before and settled after; what it holds is bounded before it is kept."""
        specs = [spec(tool) for tool in self.tools.values()]
        for cuts in itertools.count(1):
            self._check_stop()
            settle = self.reserve(
                self.model.worst_case_usd(self._conversation, specs),
                self.model.worst_case_tokens(self._conversation, specs),
            )
            started = time.monotonic()
            try:
                reply = self.model.reply(self._conversation, specs)
                break
            except AnswerCut as cut:  # perhaps paid for: what was reserved stays spent
                self.tally.waited += time.monotonic() - started
                if cuts == MAX_CUTS:
                    raise ModelFault(f"{cuts} answers in a row broke off: {cut}") from cut
            except ModelFault:
                self.tally.waited += time.monotonic() - started
                settle(0.0, 0)
                raise
        seconds = time.monotonic() - started
        waited = reply.call.waited if reply.call else 0.0
        settle(reply.cost_usd, reply.usage.total)
        reply = reply.model_copy(update={"message": _bounded(reply.message)})
        self.tally.turns += 1
        self.tally.model_seconds += seconds - waited
        self.tally.waited += waited
        self.tally.usage += reply.usage
        self.tally.cost_usd += reply.cost_usd
        self.transcript.append(Replied(turn=self.tally.turns, reply=reply, seconds=seconds))
        self._conversation.append(reply.message)
        return reply

    def _answer(self, call: ToolCall) -> tuple[Outcome | LimitReached, bool]:
        """What a call comes to, and whether it was a call at all."""
        parsed = self._parse(call)
        if isinstance(parsed, CallRejected):
            self.transcript.append(parsed)
            return Outcome(parsed.message, is_error=True), False
        tool, arguments = parsed
        if isinstance(arguments, RequestApprovalArguments):
            return self._petition(call, arguments), True
        admission = self.gate.admit(call.id, self._action(tool, arguments))
        if admission.kind == "terminate":
            return LimitReached(limit="terminated", detail=admission.message), True
        if admission.kind != "go":
            return Outcome(admission.message, is_error=True), True
        try:
            arguments = tool.arguments.model_validate(admission.arguments)
        except ValidationError as error:
            return Outcome(f"the approver's arguments do not fit: {_first(error)}", is_error=True), True
        return self._call(call, tool, arguments), True

    def _call(self, call: ToolCall, tool: AnyTool, arguments: Arguments) -> Outcome:
        started = time.monotonic()
        try:
            outcome = tool.run(arguments, self.bench)
        except Refusal as refusal:
            outcome = Outcome(str(refusal), is_error=True)
        seconds = time.monotonic() - started
        self.tally.tool_seconds += seconds
        self.transcript.append(
            ToolReturned(
                call_id=call.id,
                tool=tool.name,
                text=outcome.text,
                is_error=outcome.is_error,
                timed_out=outcome.timed_out,
                elided_bytes=outcome.elided_bytes,
                seconds=seconds,
            )
        )
        return outcome

    def _petition(self, call: ToolCall, asked: RequestApprovalArguments) -> Outcome | LimitReached:
        """The model asks beforehand for a call that it describes."""
        wanted = ToolCall.of(call.id, asked.tool, **asked.arguments)
        parsed = self._parse(wanted)
        if isinstance(parsed, CallRejected):
            self.transcript.append(parsed)
            return Outcome(f"the call you ask for cannot be made: {parsed.message}", is_error=True)
        admission = self.gate.petition(call.id, self._action(*parsed), asked)
        if admission.kind == "terminate":
            return LimitReached(limit="terminated", detail=admission.message)
        denied = admission.kind != "go"
        self.transcript.append(ToolReturned(call_id=call.id, tool=call.name, text=admission.message, is_error=denied))
        return Outcome(admission.message, is_error=denied)

    def _parse(self, call: ToolCall) -> tuple[AnyTool, Arguments] | CallRejected:
        """The tool and its typed arguments, or why not and what to do instead."""
        reason: Literal["parse", "schema", "unknown_tool"]
        tool = self.tools.get(call.name)
        if tool is None:
            reason = "unknown_tool"
            message = f"There is no tool {shorten(call.name, 80)!r}. The tools are: {', '.join(self.tools)}."
        else:
            try:
                return tool, tool.arguments.model_validate(json.loads(call.arguments))
            except ValidationError as error:
                reason = "schema"
                message = f"{call.name}: {_first(error)}. Its arguments are: {', '.join(tool.arguments.model_fields)}."
            except (ValueError, RecursionError) as error:
                reason = "parse"
                message = (
                    f"{call.name}: the arguments are no valid JSON ({shorten(str(error), 200)}). Send one JSON object."
                )
        return CallRejected(call_id=call.id, tool=call.name, arguments=call.arguments, reason=reason, message=message)

    def _action(self, tool: AnyTool, arguments: Arguments) -> Action:
        reach = tool.reach(arguments, self.bench.scope)
        return Action(
            tool=tool.name,
            arguments=arguments.model_dump(mode="json"),
            effects=reach.effects,
            targets=reach.targets,
            preview=reach.preview,
        )

    def _explain_silence(self, reply: Reply) -> None:
        """A turn without a call: say which of its reasons it had, and what to do."""
        if written := calls_as_text(reply.message.text):
            message = (
                f"You wrote a call of {written[0][:100]} as text; nothing was run. Call tools through the tool-calling "
                "interface of this API, not in the text of your answer."
            )
            self._tell("as_text", message, written[0][:200])
        elif reply.stop == "length":
            self._tell(
                "cut", "Your turn was cut at the output limit before it called a tool. Think shorter, then call."
            )
        else:
            self._tell("no_call", "Your turn held no tool call. Call a tool, or call submit when you are done.")

    def _tell(self, reason: Literal["no_call", "too_many", "as_text", "cut"], message: str, tool: str = "") -> None:
        """Say what is expected of a turn as a whole."""
        self.transcript.append(CallRejected(call_id="", tool=tool, arguments="", reason=reason, message=message))
        self._conversation.append(UserMessage(text=message))

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


def _bounded(message: AssistantMessage) -> AssistantMessage:
    """The message with over-long parts shortened, so that no model can fill the transcript or the memory."""
    calls = tuple(
        call.model_copy(
            update={"id": call.id[:200], "name": call.name[:200], "arguments": _shortened_arguments(call.arguments)}
        )
        for call in message.tool_calls[:MAX_CALLS]
    )
    left_out = max(0, len(message.tool_calls) - MAX_CALLS)
    return message.model_copy(
        update={"text": shorten(message.text, MAX_TEXT), "tool_calls": calls, "left_out": left_out}
    )


def _shortened_arguments(arguments: str) -> str:
    """Large but honest edits pass; beyond a mebibyte the text is cut and no longer parses."""
    return arguments if len(arguments) <= 1 << 20 else shorten(arguments, MAX_TEXT)


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "arguments"
    return f"{where}: {first['msg']}"
