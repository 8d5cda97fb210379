"""A step of a transcript in words: a title and a body. Both hold untrusted text as it is."""

from __future__ import annotations

import json

from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRefused, CallRejected, Decided, FaultDelivered, ToolReturned
from runner.events.conversation import Challenged, ConfidenceStated, Replied, Told
from runner.events.endings import LimitReached, Submitted, TrialFailed, TrialFinished
from runner.events.grading import ChangeDropped, Graded, PatchTaken, Probed, ScenarioFacts
from runner.events.origins import Branched, ForkedFrom, Imported, StartedFrom, TrialStarted


def parts(event: AnyEvent) -> tuple[str, str, str]:
    """Title, style and body of a step."""
    match event:
        case TrialStarted():
            key = event.key
            return f"{key.model} on {key.scenario}, repeat {key.repeat}, attempt {event.attempt}", "bold", ""
        case Told():
            return f"{event.role} prompt", "bold blue", event.text
        case Replied():
            calls = ", ".join(call.name for call in event.reply.message.tool_calls) or "no call"
            return f"turn {event.turn}: {calls}", "bold", event.reply.message.text
        case CallProposed():
            ruling = "granted" if event.granted else f"{event.policy.ruling} by {event.policy.rule}"
            ruling += ", made without asking" if event.unasked else ""
            style = "cyan" if event.policy.ruling == "allow" or event.granted else "yellow"
            return f"{event.tool} [{', '.join(event.effects)}] {ruling}", style, _arguments(event)
        case Branched():
            title = f"goes on from {event.trunk.name}, step {event.trunk_step}"
            return title, "bold", f"first submission {'resolved' if event.resolved else 'not resolved'} (unknown to it)"
        case Imported():
            lines = [f"{name}: {value}" for name, value in event.told.items()]
            left = [f"left out: {each}" for each in event.left_out]
            source = f"{event.format}, {event.source}"
            title = f"imported ({source}), made by {event.harness or 'an unnamed harness'}, nothing graded here"
            return title, "bold", "\n".join([*lines, *left])
        case StartedFrom():
            return f"starts in what {event.trial.name} left", "bold", ""
        case ForkedFrom():
            title = f"goes on from {event.trial.name}, before step {event.at_step}, limits {event.limits}"
            differs = "" if event.agreed else f"rebuilt although steps {event.differing} differ now"
            goes_on = f"its fault goes on: {event.fault}" if event.fault else ""
            return title, "bold", "\n".join(filter(None, (differs, goes_on)))
        case Challenged():
            return f"challenge: {event.challenge}", "bold magenta", event.text
        case FaultDelivered():
            title = f"fault: {event.fault}, {event.visibility}, {event.persistence}, in {event.tool} call {event.nth}"
            return title, "bold magenta", ""
        case ConfidenceStated():
            return f"confidence before the first edit: {event.confidence:g}", "bold", ""
        case CallRefused():
            return f"{event.tool} not made ({event.reason})", "yellow", event.message
        case PatchTaken():
            lines = [f"{count:>4}  {path}" for path, count in sorted(event.lines.items())]
            title = f"patch: {sum(event.lines.values())} lines; reference {sum(event.reference.values())}"
            return title, "dim", "\n".join(lines)
        case ScenarioFacts():
            return "what the graders know", "dim", "\n".join(event.locations)
        case CallRejected():
            return f"rejected {event.tool or 'turn'} ({event.reason})", "red", event.message
        case Decided():
            decision = event.decision
            title = f"{decision.approver} says {decision.outcome} to {event.request.action.tool}"
            return title, "yellow", decision.reason or event.request.reason
        case ToolReturned():
            return f"{event.tool} answers", "red" if event.is_error else "dim", event.text
        case Submitted():
            handed = event.submission
            lines = [handed.summary, f"confidence {handed.confidence:g}"]
            lines += [f"it cannot be done: {handed.evidence}"] if handed.outcome == "cannot" else []
            for rank, each in enumerate(handed.hypotheses, start=1):
                lines.append(f"{rank}. {each.file} {each.symbol}: {each.evidence_for}")
            return (
                "submission",
                "bold green",
                "\n".join([*lines, *([f"risks: {handed.risks}"] if handed.risks else [])]),
            )
        case LimitReached():
            return f"limit reached: {event.limit}", "yellow", event.detail
        case ChangeDropped():
            return f"left out of grading: {event.path}", "yellow", event.reason
        case Graded():
            bad = [f"{outcome:>8}  {node}" for node, outcome in event.outcomes.items() if outcome != "passed"]
            passed = len(event.outcomes) - len(bad)
            title = f"graded: {passed} of {len(event.outcomes)} expected tests pass, control tests {event.canaries}"
            return title, "bold", "\n".join(bad)
        case Probed():
            worth = ", ".join(f"{name.replace('_', ' ')} {score:.2f}" for name, score in event.scores.items())
            return f"probe {event.probe}: {worth}", "bold", ""
        case TrialFailed():
            return "the harness failed, not the model", "bold red", f"{event.error}\n{event.where}"
        case TrialFinished():
            return f"verdict: {event.verdict}", "bold", event.reason


def _arguments(event: CallProposed) -> str:
    """The arguments as people write them: an edit as a diff, a command as a command, the rest as JSON.

    So are arguments that are not those of the tool: the transcript may be of another version.
    """
    match event.tool, event.arguments:
        case "run_command", {"command": command}:
            return f"$ {command}"
        case "edit_file", {"path": path, "old": old, "new": new}:
            removed = [f"- {line}" for line in str(old).splitlines()]
            added = [f"+ {line}" for line in str(new).splitlines()]
            return "\n".join([str(path), *removed, *added])
        case "write_file", {"path": path, "content": content}:
            return f"{path}\n{content}"
    given = {name: value for name, value in event.arguments.items() if value not in ("", [], None)}
    return json.dumps(given, ensure_ascii=False) if given else ""
