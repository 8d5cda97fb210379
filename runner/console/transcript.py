"""A transcript as a person reads it in a terminal. Everything in it is untrusted and shown as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rich.text import Text

from runner.console.tables import verdict
from runner.events import AnyEvent
from runner.events.endings import TrialFinished
from runner.messages import shorten
from runner.reading.originals import Originals, is_prose
from runner.report.steps import parts
from runner.visible import visible

BRIEF = 1500
"""Characters of one step's text that are shown unless the whole step is asked for."""
BEHIND = r"‹[^‹›\n]+›"
"""An original's name behind its twin's."""


def render(
    events: Iterable[AnyEvent], *, step: int | None = None, grep: str = "", originals: Originals | None = None
) -> Iterator[Text]:
    """One block a step; only the step asked for, in full, or only the steps that hold a text, which is marked.

    With `originals` the name that a twin's has in its original stands behind it, as `new‹old›`.
    """
    for event in chosen(events, step=step, grep=grep, originals=originals):
        block = _block(event, step is not None, grep, originals)
        if originals:
            block.highlight_regex(BEHIND, "magenta")
        if grep:
            block.highlight_regex(_pattern(grep), "reverse")
        yield block


def chosen(
    events: Iterable[AnyEvent], *, step: int | None = None, grep: str = "", originals: Originals | None = None
) -> Iterator[AnyEvent]:
    """The step asked for, or the steps whose title or whole body hold a text; its case does not matter.

    With `originals` a text counts with the twin's names, and with both.
    """
    for event in events:
        if step is not None and event.step != step:
            continue
        told = [_parts(event), *([_parts(event, originals)] if originals else [])]
        texts = (visible(text, newlines=True) for title, _, body in told for text in (title, body))
        if not grep or any(_pattern(grep).search(text) for text in texts):
            yield event


def _pattern(grep: str) -> re.Pattern[str]:
    """The text as it is shown."""
    return re.compile(re.escape(visible(grep, newlines=True)), re.IGNORECASE)


def _block(event: AnyEvent, whole: bool, grep: str, originals: Originals | None) -> Text:
    title, style, body = _parts(event, originals)
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


def _parts(event: AnyEvent, originals: Originals | None = None) -> tuple[str, str, str]:
    """Title, style and body of a step; a verdict in its own colour."""
    title, style, body = parts(event)
    if originals:
        title, body = originals.beside(title), originals.beside(body, is_prose(event))
    if isinstance(event, TrialFinished):
        style = f"bold {verdict(event.verdict).style}"
    return title, style, body


def _line_style(line: str) -> str:
    if line.startswith("+ "):
        return "green"
    return "red" if line.startswith("- ") else ""
