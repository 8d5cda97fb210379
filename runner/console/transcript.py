"""A transcript as a person reads it in a terminal. Everything in it is untrusted and shown as plain text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from rich.text import Text

from runner.console.tables import verdict
from runner.events import (
    AnyEvent,
    CallProposed,
    CallRejected,
    ChangeDropped,
    Decided,
    Graded,
    LimitReached,
    Replied,
    Submitted,
    Told,
    ToolReturned,
    TrialFailed,
    TrialFinished,
    TrialStarted,
)
from runner.messages import shorten
from runner.visible import visible

BRIEF = 1500
"""Characters of one step's text that are shown unless the whole step is asked for."""


def render(events: Iterable[AnyEvent], *, step: int | None = None, grep: str = "") -> Iterator[Text]:
    """One block a step; only the step asked for, in full, or only the steps that hold a text."""
    for event in events:
        if step is not None and event.step != step:
            continue
        block = _block(event, whole=step is not None)
        if grep and grep.lower() not in block.plain.lower():
            continue
        yield block


def _block(event: AnyEvent, whole: bool) -> Text:
    title, style, body = _parts(event)
    text = Text()
    text.append(f"{event.step:>4}  ", style="dim")
    text.append(visible(title), style=style)
    if event.seconds:
        text.append(f"  {event.seconds:.2f} s", style="dim")
    shown = visible(body if whole else shorten(body, BRIEF), newlines=True)
    for line in shown.splitlines():
        text.append(f"\n      {line.expandtabs(8)}", style=_line_style(line))
    return text


def _parts(event: AnyEvent) -> tuple[str, str, str]:
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
            style = "cyan" if event.policy.ruling == "allow" or event.granted else "yellow"
            return f"{event.tool} [{', '.join(event.effects)}] {ruling}", style, _arguments(event)
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
            title = f"graded: {passed} of {len(event.outcomes)} expected tests pass, canaries {event.canaries}"
            return title, "bold", "\n".join(bad)
        case TrialFailed():
            return "the harness failed, not the model", "bold red", f"{event.error}\n{event.where}"
        case TrialFinished():
            return f"verdict: {event.verdict}", f"bold {verdict(event.verdict).style}", event.reason


def _arguments(event: CallProposed) -> str:
    """The arguments as people write them: an edit as a diff, a command as a command, the rest as JSON."""
    arguments = event.arguments
    if event.tool == "run_command":
        return f"$ {arguments['command']}"
    if event.tool == "edit_file":
        old = [f"- {line}" for line in str(arguments["old"]).splitlines()]
        new = [f"+ {line}" for line in str(arguments["new"]).splitlines()]
        return "\n".join([str(arguments["path"]), *old, *new])
    if event.tool == "write_file":
        return f"{arguments['path']}\n{arguments['content']}"
    given = {name: value for name, value in arguments.items() if value not in ("", [], None)}
    return json.dumps(given, ensure_ascii=False) if given else ""


def _line_style(line: str) -> str:
    if line.startswith("+ "):
        return "green"
    return "red" if line.startswith("- ") else ""
