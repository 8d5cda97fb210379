"""A run while it runs: a table that updates in a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from runner.ledger import Row
from runner.results import TrialKey, TrialResult
from runner.visible import visible

WIDE = 120
"""Characters from which on the bars have their full length."""
BESIDES = 50
"""Characters of a line that models' names leave to the rest; longer names are folded, never cut."""


class LiveRun:
    """An Observer. Use it in a `with`; thread-safe."""

    def __init__(self, console: Console, budget_usd: float | None) -> None:
        self._console = console
        self._budget = budget_usd
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._planned: Counter[str] = Counter()
        self._done: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._now: dict[str, tuple[TrialKey, str, float]] = {}
        self._spent = 0.0
        self._fresh = 0
        self._live = self._new_live() if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._now.clear()
            self._live.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The terminal to a person: the table stands still meanwhile."""
        if self._live:
            self._live.stop()
        try:
            yield
        finally:
            if self._live:
                self._live = self._new_live()
                self._live.start(refresh=True)

    def planned(self, rows: list[Row]) -> None:
        with self._lock:
            self._planned = Counter(row.key.model for row in rows)
            for row in rows:
                if row.state == "done":
                    self._done[row.key.model][row.verdict or "?"] += 1

    def phase(self, key: TrialKey, phase: str) -> None:
        with self._lock:
            self._now[key.name] = (key, phase, time.monotonic())

    def finished(self, result: TrialResult, committed_usd: float) -> None:
        with self._lock:
            self._now.pop(result.key.name, None)
            self._done[result.key.model][result.verdict] += 1
            self._spent = committed_usd
            self._fresh += 1
        if not self._live:
            reason = f" ({visible(result.reason)})" if result.reason else ""
            self._print(
                f"{self._total_done()}/{self._planned.total()} {visible(result.key.name)}: {result.verdict}"
                f"{reason}, {result.times.total:.1f} s"
            )

    def say(self, text: str) -> None:
        self._print(visible(text, newlines=True), "dim")

    def _print(self, text: str, style: str = "") -> None:
        """As Text: rich replaces emoji codes in a str even without markup."""
        self._console.print(Text(text, style), highlight=False, soft_wrap=True)

    def _new_live(self) -> Live:
        """A display of its own for each stretch: one that goes on would draw over what was printed in between."""
        return Live(get_renderable=self._render, console=self._console, refresh_per_second=4)

    def _total_done(self) -> int:
        return sum(counter.total() for counter in self._done.values())

    def _render(self) -> RenderableType:
        with self._lock:
            return Group(self._models(), *self._workers(), self._footer())

    def _models(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        names = [visible(model) for model in self._planned]
        room = self._console.width
        widest = max(map(cell_len, ["model", *names]))
        table.add_column("model", width=max(5, min(widest, room - BESIDES)), overflow="fold")
        for head in ("progress", "done", "resolved"):
            table.add_column(head, no_wrap=True)
        table.add_column("other verdicts", overflow="fold")
        for model, total in self._planned.items():
            verdicts = self._done[model]
            others = ", ".join(f"{count} {name}" for name, count in sorted(verdicts.items()) if name != "resolved")
            table.add_row(
                Text(visible(model)),
                ProgressBar(total=total, completed=verdicts.total(), width=24 if room >= WIDE else 10),
                f"{verdicts.total()}/{total}",
                str(verdicts["resolved"]),
                Text(visible(others)),
            )
        return table

    def _workers(self) -> list[Text]:
        now = time.monotonic()
        return [
            Text(f"  {phase:<9} {now - since:5.1f} s  {visible(key.name)}", style="cyan", no_wrap=True)
            for key, phase, since in self._now.values()
        ]

    def _footer(self) -> Text:
        elapsed = time.monotonic() - self._started
        left = self._planned.total() - self._total_done()
        parts = [f"{elapsed:.0f} s"]
        if self._fresh and left:
            parts.append(f"about {elapsed / self._fresh * left:.0f} s to go")
        cap = f" of {self._budget:.2f}" if self._budget is not None else ""
        parts.append(f"{self._spent:.4f}{cap} USD")
        return Text(" · ".join(parts), style="dim")
