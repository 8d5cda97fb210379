"""A step of a private trial as an event of the same type that anybody may read.

Like `runner.report.withheld`, nothing is searched for and replaced: the event is made anew from fields whose words are
taskfit's own and from numbers. A type that is not known here does not pass the type checker.
"""

from __future__ import annotations

import json
from typing import Any, assert_never

from runner.approvals import Action, Decision, Request
from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRefused, CallRejected, Decided, FaultDelivered, ToolReturned
from runner.events.conversation import Challenged, ConfidenceStated, Replied, Told
from runner.events.endings import LimitReached, Submitted, TrialFailed, TrialFinished
from runner.events.grading import ChangeDropped, Graded, PatchTaken, Probed, ScenarioFacts
from runner.events.origins import Branched, ForkedFrom, Imported, StartedFrom, TrialStarted
from runner.messages import AssistantMessage, ToolCall
from runner.report.withheld import TOOLS, Name, place, withheld
from runner.results import Hypothesis, Submission, TrialKey
from runner.scenarios.scenario import Checks

OTHER = "other_tool"


def redacted(event: AnyEvent, scenario: str, name: Name) -> AnyEvent:
    """`event` of a trial at `scenario`, which is a pseudonym; `name` gives the others."""

    def key(whose: TrialKey) -> TrialKey:
        return whose.model_copy(update={"scenario": scenario})

    match event:
        case TrialStarted():
            tags = tuple(name("tag", tag) for tag in event.tags)
            return event.model_copy(
                update={"key": key(event.key), "image": "", "repo": name("repo", event.repo), "tags": tags}
            )
        case Imported():
            return event.model_copy(update={"source": "", "digest": "", "harness": "", "told": {}, "left_out": ()})
        case Branched():
            submission = _submission(event.submission, name)
            return event.model_copy(update={"trunk": key(event.trunk), "submission": submission})
        case StartedFrom():
            return event.model_copy(update={"trial": key(event.trial)})
        case ForkedFrom():
            hidden = {"trial": key(event.trial), "fork": "", "run": "", "digest": "", "prompt": ""}
            return event.model_copy(update=hidden)
        case Challenged() | Told() | ToolReturned():
            update: dict[str, Any] = {"text": withheld(event.text)}
            if isinstance(event, ToolReturned):
                update |= {"call_id": name("call", event.call_id), "tool": _tool(event.tool)}
            return event.model_copy(update=update)
        case Replied():
            calls = tuple(_call(call, name) for call in event.reply.message.tool_calls)
            left_out = event.reply.message.left_out
            message = AssistantMessage(text=withheld(event.reply.message.text), tool_calls=calls, left_out=left_out)
            return event.model_copy(update={"reply": event.reply.model_copy(update={"message": message, "call": None})})
        case CallRejected():
            return event.model_copy(
                update={
                    "call_id": name("call", event.call_id),
                    "tool": _tool(event.tool) if event.tool else "",
                    "arguments": withheld(event.arguments),
                    "message": withheld(event.message),
                }
            )
        case CallProposed():
            return event.model_copy(
                update={
                    "call_id": name("call", event.call_id),
                    "tool": _tool(event.tool),
                    "arguments": _arguments(event.arguments),
                    "targets": tuple(name("file", target) for target in event.targets),
                    "policy": event.policy.model_copy(update={"rule": name("rule", event.policy.rule), "reason": ""}),
                    "asks_for": _action(event.asks_for, name) if event.asks_for is not None else None,
                }
            )
        case CallRefused():
            return event.model_copy(
                update={
                    "call_id": name("call", event.call_id),
                    "tool": _tool(event.tool),
                    "message": withheld(event.message),
                }
            )
        case Decided():
            decision = event.decision
            return event.model_copy(
                update={
                    "call_id": name("call", event.call_id),
                    "request": _request(event.request, name),
                    "decision": Decision(
                        outcome=decision.outcome,
                        approver=name("approver", decision.approver),
                        reason=withheld(decision.reason),
                        arguments=_arguments(decision.arguments) if decision.arguments is not None else None,
                        shown_after=decision.shown_after,
                        cost_usd=decision.cost_usd,
                    ),
                    "action_digest": "",
                    "became": _action(event.became, name) if event.became is not None else None,
                }
            )
        case Submitted():
            return event.model_copy(update={"submission": _submission(event.submission, name)})
        case FaultDelivered():
            return event.model_copy(update={"tool": _tool(event.tool)})
        case LimitReached():
            return event.model_copy(update={"detail": withheld(event.detail)})
        case ChangeDropped():
            return event.model_copy(update={"path": name("file", event.path), "reason": withheld(event.reason)})
        case PatchTaken():
            lines, reference = (
                {name("file", path): count for path, count in each.items()} for each in (event.lines, event.reference)
            )
            return event.model_copy(update={"lines": lines, "reference": reference, "digest": ""})
        case ScenarioFacts():
            places = tuple(place(each, name) for each in event.locations)
            return event.model_copy(update={"locations": places, "checks": Checks()})
        case Graded():
            return event.model_copy(
                update={
                    "outcomes": {name("test", node): came for node, came in event.outcomes.items()},
                    "detail": withheld(event.detail),
                    "failures": {name("test", node): withheld(said) for node, said in event.failures.items()},
                }
            )
        case TrialFailed():
            return event.model_copy(update={"error": withheld(event.error), "where": withheld(event.where)})
        case TrialFinished():
            return event.model_copy(update={"reason": withheld(event.reason)})
        case Probed():
            scores = {f"score-{number}": score for number, score in enumerate(event.scores.values(), start=1)}
            return event.model_copy(update={"scores": scores})
        case ConfidenceStated():
            return event
        case _:
            assert_never(event)


def unaddressed(event: AnyEvent) -> AnyEvent:
    """An open trial's event, for others: without the address of a provider, which may be one of the house's own."""
    if not isinstance(event, Replied) or event.reply.call is None:
        return event
    call = event.reply.call.model_copy(update={"base_url": "", "request_id": "", "rate_limits": {}, "details": {}})
    return event.model_copy(update={"reply": event.reply.model_copy(update={"call": call})})


def _tool(tool: str) -> str:
    return tool if tool in TOOLS else OTHER


def _call(call: ToolCall, name: Name) -> ToolCall:
    arguments = json.dumps({"withheld": withheld(call.arguments)}) if call.arguments else ""
    return ToolCall(id=name("call", call.id), name=_tool(call.name), arguments=arguments)


def _arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"withheld": withheld(json.dumps(arguments))} if arguments else {}


def _action(action: Action, name: Name) -> Action:
    targets = tuple(name("file", target) for target in action.targets)
    arguments = _arguments(action.arguments)
    return Action(tool=_tool(action.tool), arguments=arguments, effects=action.effects, targets=targets)


def _request(request: Request, name: Name) -> Request:
    return Request(
        action=_action(request.action, name),
        trigger=request.trigger,
        rule=name("rule", request.rule),
        reason=withheld(request.reason),
        alternative=withheld(request.alternative),
        standing=request.standing,
    )


def _submission(handed: Submission, name: Name) -> Submission:
    ranked = tuple(
        Hypothesis(file=name("file", each.file), symbol=name("symbol", each.symbol)) for each in handed.hypotheses
    )
    return Submission(
        outcome=handed.outcome,
        evidence=withheld(handed.evidence),
        summary=withheld(handed.summary),
        hypotheses=ranked,
        risks=withheld(handed.risks),
        confidence=handed.confidence,
    )
