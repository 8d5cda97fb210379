"""Proposals on their way into a pack: what is being proved now, each outcome as it comes, the table at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from runner.packs.intake import tally
from runner.packs.journal import Outcome
from runner.scenarios.proposal import CODES, Lead
from runner.visible import visible


class LiveIntake:
    """Watches an intake. Use it in a `with`; thread-safe."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._now: dict[str, tuple[str, float]] = {}
        self._done = self._kept = 0
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=4)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._now.clear()
        if self._console.is_terminal:
            self._live.stop()

    def begun(self, lead: Lead) -> None:
        with self._lock:
            self._now[lead.key] = (lead.label, time.monotonic())

    def ended(self, outcome: Outcome) -> None:
        with self._lock:
            self._now.pop(outcome.key, None)
            self._done += 1
            self._kept += outcome.ok
        self._console.print(line(outcome), highlight=False, soft_wrap=not self._console.is_terminal)

    def say(self, text: str) -> None:
        self._console.print(Text(visible(text, newlines=True), "dim"), highlight=False, soft_wrap=True)

    def _render(self) -> RenderableType:
        now = time.monotonic()
        with self._lock:
            working = [
                Text(f"  {now - since:5.0f} s  {visible(label)}", style="cyan", no_wrap=True, overflow="ellipsis")
                for label, since in self._now.values()
            ]
            parts = [f"{self._done} of {self._total}", f"{self._kept} kept", f"{now - self._started:.0f} s"]
            if self._done and self._done < self._total:
                left = (now - self._started) / self._done * (self._total - self._done)
                parts.append(f"about {left:.0f} s to go")
        return Group(*working, Text(" · ".join(parts), style="dim"))


def line(outcome: Outcome) -> Text:
    """One outcome: what was kept with its numbers, what was not with the sentence why."""
    if outcome.ok:
        leak = f", leak {outcome.leak:.2f}" if outcome.leak is not None else ""
        numbers = f"{outcome.fail_to_pass} fail to pass, {outcome.pass_to_pass} pass to pass{leak}"
        return Text(f"{'kept':<21} {visible(outcome.id)}: {numbers}, {outcome.seconds:.0f} s", style="green")
    sentence = " ".join(visible(outcome.sentence, newlines=True).split())
    return Text.assemble((f"{outcome.code:<21} ", "yellow"), f"{visible(outcome.label)}: {sentence[:400]}")


def summary(outcomes: Sequence[Outcome]) -> RenderableType:
    """Each code, how often, and what it means."""
    table = Table("how it ended", "", "what that means", box=box.SIMPLE_HEAD, pad_edge=False)
    table.columns[1].justify = "right"
    for code, count in tally(outcomes):
        meaning = "proved and kept as a scenario" if code == "ok" else CODES.get(code, "")
        table.add_row(Text("kept" if code == "ok" else code, "green" if code == "ok" else ""), str(count), meaning)
    return table
