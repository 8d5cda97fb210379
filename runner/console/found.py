"""What a search found, in a terminal. Everything in it is untrusted and shown as plain text."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rich.text import Text

from runner.console.tables import verdict
from runner.counting import number_of
from runner.search.finding import Found, Step, Trial
from runner.visible import visible


def blocks(found: Found) -> Iterator[Text]:
    """One block a trial, and what there is in all; a trial and its `@STEP` together are a link."""
    for trial in found.shown:
        yield _block(trial)
    for hint in found.hints:
        yield Text(visible(hint), style="yellow")
    if not found.steps:
        yield Text("nothing found", style="dim")
        return
    more = f"; the first {len(found.shown)} are shown" if found.trials > len(found.shown) else ""
    yield Text(f"{number_of(found.steps, 'step')} in {number_of(found.trials, 'trial')}{more}", style="dim")


def _block(trial: Trial) -> Text:
    text = Text(visible(os.path.relpath(f"{trial.run}/{trial.place}")), style="bold")
    if trial.verdict:
        text.append("  ").append_text(verdict(trial.verdict))
    for step in trial.steps:
        text.append_text(_step(step))
    left = trial.found - len(trial.steps)
    if left:
        text.append(f"\n      … and {number_of(left, 'step')} more", style="dim")
    return text


def _step(step: Step) -> Text:
    text = Text(f"\n{f'@{step.step}':>6}", style="dim")
    text.append(f"  {visible(step.title)}", style="default")
    if step.excerpt:
        text.append("\n        ")
        for part in step.excerpt:
            said = " ".join(visible(part.text, newlines=True).replace("\n", " ⏎ ").split())
            lead = " " if part.text[:1].isspace() else ""
            trail = " " if part.text[-1:].isspace() and said else ""
            text.append(f"{lead}{said}{trail}", style="reverse" if part.hit else "dim")
    return text
