"""A transcript as a person reads it in a terminal. Everything in it is untrusted and shown as plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from rich.text import Text

from runner.console.tables import verdict
from runner.events import (
    AnyEvent,
    Branched,
    CallProposed,
    CallRefused,
    CallRejected,
    Challenged,
    ChangeDropped,
    ConfidenceStated,
    Decided,
    FaultDelivered,
    Graded,
    LimitReached,
    PatchTaken,
    Replied,
    ScenarioFacts,
    StartedFrom,
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
    """One block a step; only the step asked for, in full, or only the steps that hold a text, which is marked."""
    for event in chosen(events, step=step, grep=grep):
        block = _block(event, whole=step is not None, grep=grep)
        if grep:
            block.highlight_regex(_pattern(grep), "reverse")
        yield block


def chosen(events: Iterable[AnyEvent], *, step: int | None = None, grep: str = "") -> Iterator[AnyEvent]:
    """The step asked for, or the steps whose title or whole body hold a text; its case does not matter."""
    for event in events:
        if step is not None and event.step != step:
            continue
        title, _, body = _parts(event)
        if not grep or any(_pattern(grep).search(visible(text, newlines=True)) for text in (title, body)):
            yield event


def _pattern(grep: str) -> re.Pattern[str]:
    """The text as it is shown."""
    return re.compile(re.escape(visible(grep, newlines=True)), re.IGNORECASE)


def _block(event: AnyEvent, whole: bool, grep: str) -> Text:
    title, style, body = _parts(event)
    text = Text()
    text.append(f"{event.step:>4}  ", style="dim")
    text.append(visible(title), style=style)
    if event.seconds:
        text.append(f"  {event.seconds:.2f} s", style="dim")
    if whole:
        shown = visible(body, newlines=True)
    elif grep:
        shown = _excerpt(visible(body, newlines=True), _pattern(grep))
    else:
        shown = visible(shorten(body, BRIEF), newlines=True)
    for line in shown.splitlines():
        text.append(f"\n      {line.expandtabs(8)}", style=_line_style(line))
    return text


def _excerpt(text: str, pattern: re.Pattern[str]) -> str:
    """`text` shortened, but never by the first part that matches."""
    brief = shorten(text, BRIEF)
    match = pattern.search(text)
    if match is None or pattern.search(brief):
        return brief
    start = max(0, match.start() - BRIEF // 3)
    end = max(match.end(), start + BRIEF)
    before = f"… {start} characters left out …\n" if start else ""
    after = f"\n… {len(text) - end} characters left out …" if end < len(text) else ""
    return f"{before}{text[start:end]}{after}"


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
            ruling += ", made without asking" if event.unasked else ""
            style = "cyan" if event.policy.ruling == "allow" or event.granted else "yellow"
            return f"{event.tool} [{', '.join(event.effects)}] {ruling}", style, _arguments(event)
        case Branched():
            title = f"goes on from {event.trunk.name}, step {event.trunk_step}"
            return title, "bold", f"first submission {'resolved' if event.resolved else 'not resolved'} (unknown to it)"
        case StartedFrom():
            return f"starts in what {event.trial.name} left", "bold", ""
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


def _line_style(line: str) -> str:
    if line.startswith("+ "):
        return "green"
    return "red" if line.startswith("- ") else ""
