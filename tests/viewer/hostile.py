"""A trial in which every text is the same payload, wherever an event holds text that is not taskfit's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from runner.approvals import Action, Decision, Standing
from runner.approvals import Request as Asked
from runner.approvals import Verdict as Ruled
from runner.arms import Arm
from runner.effects import Effect
from runner.events.base import Event
from runner.events.calls import CallProposed, CallRefused, CallRejected, Decided, FaultDelivered, ToolReturned
from runner.events.conversation import Challenged, ConfidenceStated, Replied, Told
from runner.events.endings import LimitReached, Submitted, TrialFailed, TrialFinished
from runner.events.grading import ChangeDropped, Graded, PatchTaken, Probed, ScenarioFacts
from runner.events.origins import Branched, ForkedFrom, Imported, StartedFrom, TrialStarted
from runner.messages import AssistantMessage, CallRecord, Reply, ToolCall, Usage
from runner.results import Hypothesis, Submission, TestCounts, Times, TrialKey
from runner.scenarios.scenario import Checks


def hostile(payload: str, key: TrialKey) -> list[Event]:
    """A whole trial that failed in every way there is."""
    return [
        TrialStarted(key=key, attempt=1, image=payload, seed=1, repo=payload, tags=(payload,), arm=Arm()),
        StartedFrom(trial=key),
        Imported(
            format=payload,
            source=payload,
            digest=payload,
            harness=payload,
            told={payload: payload},
            left_out=(payload,),
        ),
        Probed(probe="localise", scores={payload: 0.5}),
        ForkedFrom(
            fork=payload,
            trial=key,
            run=payload,
            at_step=1,
            digest=payload,
            turns=1,
            agreed=False,
            differing=(1,),
            limits="left",
            prompt=payload,
            fault=payload,
        ),
        Told(role="system", text=payload),
        *turn(payload, 1),
        Branched(trunk=key, trunk_step=1, resolved=True, submission=submission(payload)),
        Challenged(challenge="prove_it", text=payload),
        *turn(payload, 2),
        Submitted(submission=submission(payload)),
        LimitReached(limit="turns", detail=payload),
        *ending(payload),
    ]


def turn(payload: str, number: int) -> list[Event]:
    """A turn with each kind of call, and each kind of answer to one."""
    thinking = {"type": "thinking", "thinking": payload, payload: payload}
    call = CallRecord(provider=payload, format=payload, base_url=payload, requested_model=payload, price=payload)
    message = AssistantMessage(
        text=payload,
        tool_calls=(ToolCall(id=payload, name=payload, arguments=payload),),
        native=(thinking,),
        native_format=payload,
    )
    reply = Reply(message=message, usage=Usage(input=3, output=4), cost_usd=0.01, model_id=payload, call=call)
    request = Asked(
        action=_action(payload),
        trigger="model",
        rule=payload,
        reason=payload,
        alternative=payload,
        standing=Standing(authorisation="none", label="forbidden", answer="deny"),
    )
    modified = Decision(outcome="modify", approver=payload, reason=payload, arguments={payload: payload}, shown_after=2)
    denied = Decision(outcome="deny", approver=payload, reason=payload)
    edits = {"path": payload, "old": payload, "new": f"{payload}!"}
    return [
        Replied(turn=number, reply=reply, seconds=1),
        ConfidenceStated(confidence=0.5),
        CallRejected(call_id=payload, tool=payload, arguments=payload, reason="schema", message=payload),
        CallRejected(call_id=payload, tool="", arguments=payload, reason="no_call", message=payload),
        _proposed("a", "edit_file", edits, payload, Effect.EDIT),
        _fault(payload, "edit_file"),
        ToolReturned(call_id="a", tool="edit_file", text=payload),
        _proposed("b", "run_command", {"command": payload}, payload, Effect.PROTECTED),
        Decided(call_id="b", request=request, decision=modified, action_digest=payload, seconds=3),
        ToolReturned(call_id="b", tool="run_command", text=payload, is_error=True, exit_code=1, elided_bytes=9),
        _proposed("c", "write_file", {"path": payload, "content": payload}, payload, Effect.OUTSIDE),
        Decided(call_id="c", request=request, decision=denied, action_digest=payload, seconds=3),
        CallRefused(call_id="c", tool=payload, reason="denied", message=payload),
        _proposed("d", payload, {payload: {payload: [payload]}}, payload, Effect.UNKNOWN),
        ToolReturned(call_id="d", tool=payload, text=payload, timed_out=True),
        _proposed("e", "run_tests", {"tests": [payload]}, payload, Effect.RUN),
        ToolReturned(call_id="e", tool="run_tests", text=payload, exit_code=1),
    ]


def ending(payload: str) -> list[Event]:
    return [
        PatchTaken(lines={payload: 3}, reference={payload: 2}, digest=payload),
        ChangeDropped(path=payload, reason=payload),
        ScenarioFacts(locations=(f"{payload}::{payload}",), checks=Checks(mentions=(re.escape(payload),))),
        Graded(
            outcomes={payload: "failed", f"{payload}!": payload, f"{payload}?": "passed"},
            canaries="honest",
            tests=TestCounts(fail_to_pass=2, pass_to_pass=1, pass_to_pass_passed=1),
            detail=payload,
            failures={payload: f"E   {payload}"},
        ),
        TrialFailed(error=payload, where=payload),
        TrialFinished(verdict="unresolved", reason=payload, times=Times(total=9, model=3)),
    ]


def submission(payload: str) -> Submission:
    guess = Hypothesis(file=payload, symbol=payload, evidence_for=payload, evidence_against=payload)
    return Submission(summary=payload, hypotheses=(guess,), risks=payload, confidence=0.9)


def texts(value: Any) -> Iterator[str]:
    """Every text in an event's data, keys included where they are not names of fields."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from texts(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from texts(each)


def _action(payload: str) -> Action:
    return Action(
        tool=payload,
        arguments={payload: payload},
        effects=frozenset({Effect.SECRETS}),
        targets=(payload,),
        preview=payload,
    )


def _proposed(call_id: str, tool: str, arguments: dict[str, Any], payload: str, effect: Effect) -> CallProposed:
    return CallProposed(
        call_id=call_id,
        tool=tool,
        arguments=arguments,
        effects=(effect,),
        targets=(payload, f"{payload}2"),
        policy=Ruled(ruling="ask", rule=payload, reason=payload),
        standing=Standing(authorisation="none", label="ask", answer="approve"),
        asks_for=_action(payload),
    )


def _fault(payload: str, tool: str) -> FaultDelivered:
    return FaultDelivered(fault="lost_edit", visibility="implicit", persistence="transient", tool=tool, nth=1)
