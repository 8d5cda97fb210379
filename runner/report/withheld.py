"""A step of a private trial in words that anybody may read: what kind of step it was, and numbers.

Nothing is searched for and replaced: a step is told anew from fields whose words are taskfit's own, and a step of a
kind that is not known here does not pass the type checker.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRefused, CallRejected, Decided, FaultDelivered, ToolReturned
from runner.events.conversation import Challenged, ConfidenceStated, Replied, Told
from runner.events.endings import LimitReached, Submitted, TrialFailed, TrialFinished
from runner.events.grading import ChangeDropped, Graded, PatchTaken, Probed, ScenarioFacts
from runner.events.origins import Branched, ForkedFrom, Imported, StartedFrom, TrialStarted
from runner.tools import toolbox

Name = Callable[[str, str], str]
"""Kind and text → pseudonym."""
TOOLS = frozenset(toolbox(early_confidence=True))

OUTCOMES = ("passed", "failed", "error", "skipped", "missing")
"""What becomes of a test; another transcript may say otherwise, in words of its own."""


def parts(event: AnyEvent, scenario: str, name: Name) -> tuple[str, str]:
    """Title and body of a step of a trial at `scenario`, which is a pseudonym."""
    match event:
        case TrialStarted():
            return f"{event.key.model} on {scenario}, repeat {event.key.repeat}, attempt {event.attempt}", ""
        case Told():
            return f"{event.role} prompt", withheld(event.text)
        case Replied():
            calls = ", ".join(_tool(call.name) for call in event.reply.message.tool_calls) or "no call"
            return f"turn {event.turn}: {calls}", withheld(event.reply.message.text)
        case CallProposed():
            ruling = ("granted" if event.granted else event.policy.ruling) + ", made without asking" * event.unasked
            targets = [name("file", target) for target in event.targets]
            arguments = withheld("".join(str(value) for value in event.arguments.values()))
            return f"{_tool(event.tool)} [{', '.join(event.effects)}] {ruling}", "\n".join([*targets, arguments])
        case Branched():
            came = "resolved" if event.resolved else "not resolved"
            return f"goes on from another trial, step {event.trunk_step}", f"first submission {came}"
        case Imported():
            return "imported, made by another harness, nothing graded here", ""
        case StartedFrom():
            return "starts in what another trial left", ""
        case ForkedFrom():
            return f"goes on from another trial, before step {event.at_step}, limits {event.limits}", ""
        case Challenged():
            return f"challenge: {event.challenge}", withheld(event.text)
        case FaultDelivered():
            what = f"{event.fault}, {event.visibility}, {event.persistence}"
            return f"fault: {what}, in {_tool(event.tool)} call {event.nth}", ""
        case ConfidenceStated():
            return f"confidence before the first edit: {event.confidence:g}", ""
        case CallRefused():
            return f"{_tool(event.tool)} not made ({event.reason})", withheld(event.message)
        case PatchTaken():
            lines = [f"{count:>4}  {name('file', path)}" for path, count in sorted(event.lines.items())]
            title = f"patch: {sum(event.lines.values())} lines; reference {sum(event.reference.values())}"
            return title, "\n".join(lines)
        case ScenarioFacts():
            return "what the graders know", "\n".join(place(each, name) for each in event.locations)
        case CallRejected():
            return f"rejected {_tool(event.tool)} ({event.reason})", withheld(event.message)
        case Decided():
            return f"an approver says {event.decision.outcome} to {_tool(event.request.action.tool)}", ""
        case ToolReturned():
            return f"{_tool(event.tool)} answers" + (" with an error" if event.is_error else ""), withheld(event.text)
        case Submitted():
            handed = event.submission
            ranked = [f"{name('file', each.file)} {name('symbol', each.symbol)}" for each in handed.hypotheses]
            said = [f"{rank}. {each}" for rank, each in enumerate(ranked, start=1)]
            refused = [f"it cannot be done: {withheld(handed.evidence)}"] if handed.outcome == "cannot" else []
            first = [withheld(handed.summary), f"confidence {handed.confidence:g}"]
            return "submission", "\n".join([*first, *refused, *said])
        case LimitReached():
            return f"limit reached: {event.limit}", ""
        case ChangeDropped():
            return f"left out of grading: {name('file', event.path)}", ""
        case Graded():
            bad = [
                f"{_outcome(came)}  {name('test', node)}" for node, came in event.outcomes.items() if came != "passed"
            ]
            passed = len(event.outcomes) - len(bad)
            return f"graded: {passed} of {len(event.outcomes)} expected tests pass", "\n".join(bad)
        case Probed():
            worth = ", ".join(f"{score:.2f}" for score in event.scores.values())
            return f"probe {event.probe}: {worth}", ""
        case TrialFailed():
            return "the harness failed, not the model", withheld(f"{event.error}{event.where}")
        case TrialFinished():
            return f"verdict: {event.verdict}", ""
        case _:
            assert_never(event)


def withheld(text: str) -> str:
    """How much there is, instead of it."""
    return f"({len(text):,} characters withheld)" if text else ""


def place(location: str, name: Name) -> str:
    """`file::symbol` in pseudonyms."""
    file, _, symbol = location.partition("::")
    return f"{name('file', file)}::{name('symbol', symbol)}" if symbol else name("file", file)


def _outcome(came: str) -> str:
    return f"{came if came in OUTCOMES else 'another':>8}"


def _tool(name: str) -> str:
    return name if name in TOOLS else "a tool that there is not"
