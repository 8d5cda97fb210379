"""A trial as a sample of an Inspect log: messages, events in its own words, a score, and what else there is.

Turns, calls, approvals, limits, errors and the score are events of Inspect's types; faults, challenges and whatever it
has no type for are `info` events, so that its viewer shows them in their place.
"""

from __future__ import annotations

import json
import re
from typing import Any

from runner import __version__
from runner.approvals import Outcome
from runner.events import AnyEvent
from runner.events.calls import Decided, ToolReturned
from runner.events.conversation import Replied
from runner.events.endings import LimitReached, TrialFailed
from runner.messages import StopReason, ToolCall, Usage
from runner.report.steps import parts
from runner.thoughts import parts as thought_parts
from runner.trajectories import beside, reasoning
from runner.trajectories.base import Losses, Trial, seconds_since
from runner.trajectories.blocks import Block, Made, blocks

KEPT = "store.taskfit of the sample"
NATIVE = frozenset(
    {
        *("told", "challenged", "replied", "tool_returned", "call_refused", "call_rejected", "decided"),
        *("limit_reached", "trial_failed", "trial_finished"),
    }
)
SCORER = "verdict"
STOPS: dict[StopReason, str] = {
    "end_turn": "stop",
    "tool_calls": "tool_calls",
    "length": "max_tokens",
    "refusal": "content_filter",
    "context": "model_length",
}
DECISIONS: dict[Outcome, str] = {"deny": "reject"}
"""Where Inspect has another word."""
LIMITS = {"turns": "turn", "minutes": "working", "usd": "cost", "budget": "cost", "context": "token"}
"""Our limits → Inspect's; of the others, `custom`."""
FRAMED = frozenset({"call_proposed", "tool_returned", "call_refused", "trial_started", "trial_finished"})
"""Events of ours that are part of one of Inspect's, or of the sample."""


def sample(trial: Trial, losses: Losses) -> dict[str, Any]:
    """The JSON of one member `samples/ID_epoch_N.json`."""
    found = _Sample(trial)
    found.build()
    losses.events(trial.events, NATIVE, KEPT)
    reasoning.note(trial.events, losses, KEPT)
    key, record = trial.key, trial.record
    whole: dict[str, Any] = {
        "id": key.scenario,
        "epoch": key.repeat,
        "input": next((block.text for block in found.blocks if block.role == "user"), ""),
        "target": "",
        "messages": found.messages,
        "output": found.output,
        "scores": scores(trial),
        "metadata": {
            "arm": key.arm,
            "repo": record.repo,
            "tags": list(record.tags),
            "verdict": record.verdict,
            "run": trial.run,
            "trial": key.name,
        },
        "store": {},
        "events": found.events,
        "model_usage": {key.model: usage_of(record.usage, record.cost_usd)},
        "started_at": trial.began or None,
        "completed_at": trial.ended or None,
        "total_time": record.times.total,
        "working_time": record.times.model + record.times.tool,
        "uuid": key.name,
        "error": failure(trial),
        "attachments": {},
        "events_data": {"messages": found.messages, "calls": []},
        "limit": found.limit,
        "turn_count": record.turns,
    }
    kept = beside.pack(trial.events, found.held, whole)
    whole["store"] = {beside.NAME: {"made_by": f"taskfit {__version__}", **kept}}
    return whole


def scores(trial: Trial) -> dict[str, Any]:
    """The verdict as a score, C or I; none where it does not speak of the model."""
    if not trial.record.counted:
        return {}
    tests = trial.record.tests
    reason = trial.finished.reason if trial.finished is not None else ""
    if not reason and tests is not None:
        fixed = f"{tests.fail_to_pass_passed} of {tests.fail_to_pass} tests to be fixed pass"
        reason = f"{fixed}, and {tests.pass_to_pass_passed} of {tests.pass_to_pass} to be kept"
    metadata = {"verdict": trial.record.verdict, "tests": tests.model_dump() if tests is not None else None}
    return {
        SCORER: {
            "value": "C" if trial.record.resolved else "I",
            "answer": trial.record.verdict,
            "explanation": reason,
            "metadata": metadata,
        }
    }


def failure(trial: Trial) -> dict[str, str] | None:
    """What failed where it was not the model."""
    if trial.record.verdict not in ("infra_error", "invalid_scenario"):
        return None
    failed = next((event for event in trial.events if isinstance(event, TrialFailed)), None)
    where = failed.where if failed is not None else ""
    said = failed.error if failed is not None else trial.finished.reason if trial.finished is not None else ""
    return {"message": f"{trial.record.verdict}: {said}", "traceback": where, "traceback_ansi": where}


def usage_of(usage: Usage, usd: float) -> dict[str, Any]:
    return {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "total_tokens": usage.total,
        "input_tokens_cache_write": usage.cache_write,
        "input_tokens_cache_read": usage.cache_read,
        "reasoning_tokens": usage.reasoning,
        "total_cost": usd,
    }


class _Sample:
    """Messages, events and pointers of one trial, while they are put together."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.blocks = blocks(trial.events)
        self.messages: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.held: beside.Held = {}
        self.output: dict[str, Any] = {"model": trial.key.model, "choices": [], "completion": ""}
        self.limit: dict[str, Any] | None = None

    def build(self) -> None:
        heads = {block.head.step: block for block in self.blocks}
        answers = {made.answer.step: made for block in self.blocks for made in block.calls if made.answer is not None}
        calls = {made.call.id: made.call for block in self.blocks for made in block.calls}
        for event in self.trial.events:
            if (block := heads.get(event.step)) is not None:
                self._head(block)
            elif (made := answers.get(event.step)) is not None:
                self._answer(made)
            elif isinstance(event, Decided):
                self._approval(event, calls.get(event.call_id))
            elif isinstance(event, LimitReached):
                self._limit(event)
            elif event.type not in FRAMED:
                self._note("info", event, **_in_words(event))
        if error := failure(self.trial):
            self._note("error", self.trial.events[-1], error=error)
        for score in scores(self.trial).values():
            self._note("score", self.trial.events[-1], score=score, scorer=SCORER)

    def _note(self, kind: str, event: AnyEvent, **more: Any) -> None:
        at = event.at or self.trial.began or "1970-01-01T00:00:00+00:00"
        start = seconds_since(self.trial.began, event.at)
        uuid = f"{self.trial.key.name}-{len(self.events)}"
        self.events.append({"event": kind, "uuid": uuid, "timestamp": at, "working_start": start, **more})

    def _head(self, block: Block) -> None:
        at = len(self.messages)
        self.held[block.head.step] = {block.field: f"/messages/{at}/content"}
        message: dict[str, Any] = {"id": f"m{at}", "role": block.role, "content": block.text}
        if not isinstance(block.head, Replied):
            self.messages.append(message | ({"source": "input"} if block.role == "user" else {}))
            if block.head.type != "told":
                self._note("info", block.head, **_in_words(block.head))
            return
        reply = block.head.reply
        message |= {"source": "generate", "model": reply.model_id or self.trial.key.model}
        if thought := [{"type": "reasoning", "reasoning": text} for _, text in thought_parts(reply.message)]:
            message["content"] = [*thought, {"type": "text", "text": block.text}]
            self.held[block.head.step] = {block.field: f"/messages/{at}/content/{len(thought)}/text"}
            self.held[block.head.step] |= reasoning.held(block.head, f"/messages/{at}/content/0/reasoning")
        if block.calls:
            message["tool_calls"] = [
                {"id": made.call.id, "function": made.call.name, "arguments": _arguments(made.call), "type": "function"}
                for made in block.calls
            ]
        for made in block.calls:
            where = f"/messages/{at}/tool_calls/{made.at}/arguments"
            self.held[block.head.step][f"reply.message.tool_calls.{made.at}.arguments"] = f"dumps:{where}"
            if made.proposed is not None:
                self.held[made.proposed.step] = {"arguments": where}
        self.messages.append(message)
        self.output = {
            "model": reply.model_id or self.trial.key.model,
            "choices": [{"message": message, "stop_reason": STOPS[reply.stop]}],
            "completion": block.text,
            "usage": usage_of(reply.usage, reply.cost_usd),
            "time": block.head.seconds,
        }
        self._note(
            "model",
            block.head,
            model=self.trial.key.model,
            input=[],
            input_refs=[[0, at]] if at else [],
            tools=[],
            tool_choice="auto",
            config={},
            output=self.output,
            completed=block.head.at or None,
            working_time=block.head.seconds,
        )

    def _answer(self, made: Made) -> None:
        at, answer = len(self.messages), made.answer
        assert answer is not None
        self.held[answer.step] = {made.field: f"/messages/{at}/content"}
        error = {"type": _kind(made), "message": made.text or ""} if made.is_error else None
        message = {
            "id": f"m{at}",
            "role": "tool",
            "content": made.text,
            "tool_call_id": made.call.id,
            "function": made.call.name,
        }
        self.messages.append(message | ({"error": error} if error else {}))
        self._note(
            "tool",
            answer,
            id=made.call.id,
            function=made.call.name,
            arguments=_arguments(made.call),
            result=made.text,
            error=error,
            completed=answer.at or None,
            working_time=answer.seconds,
            message_id=f"m{at}",
        )

    def _approval(self, event: Decided, call: ToolCall | None) -> None:
        action, decision = event.request.action, event.decision
        whole = {"id": event.call_id, "function": action.tool, "arguments": action.arguments, "type": "function"}
        changed = {**whole, "arguments": decision.arguments} if decision.arguments is not None else None
        self._note(
            "approval",
            event,
            message=event.request.reason,
            call=whole,
            approver=decision.approver,
            decision=DECISIONS.get(decision.outcome, decision.outcome),
            modified=changed,
            explanation=decision.reason or None,
        )

    def _limit(self, event: LimitReached) -> None:
        kind = LIMITS.get(event.limit, "custom")
        self.limit = {"type": kind, "limit": 0, "reason": f"{event.limit}: {event.detail}"}
        self._note("sample_limit", event, type=kind, message=f"{event.limit}: {event.detail}")


def _kind(made: Made) -> str:
    """Why a call failed, in Inspect's words."""
    answer = made.answer
    if isinstance(answer, ToolReturned):
        return "timeout" if answer.timed_out else "unknown"
    return "approval" if answer is not None and answer.type == "call_refused" else "parsing"


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        found = json.loads(call.arguments, parse_constant=lambda text: text)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"text": call.arguments}


def _in_words(event: AnyEvent) -> dict[str, str]:
    """What Inspect's viewer shows of an event that it has no type for: Markdown, in which all of it is plain text."""
    title, _, body = parts(event)
    text = "\n\n".join(filter(None, (title, body)))
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return {"source": f"taskfit: {event.type.replace('_', ' ')}", "data": f"{fence}text\n{text}\n{fence}"}
