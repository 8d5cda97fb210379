"""A run while it runs: a table that updates in a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from runner.approvers.questions import Questions
from runner.console.progress import lines, table
from runner.errors import FileProblem
from runner.following.activity import Activities
from runner.following.notes import notes, standstill
from runner.following.progress import Board, Progress, Worker
from runner.following.watching import workers_of
from runner.results import TrialKey, TrialResult
from runner.runs.folder import RunFolder
from runner.runs.ledger import Row
from runner.runs.ledger_view import look
from runner.visible import visible

LOOK_SECONDS = 1.0
"""How often files are looked at."""
LEDGER_SECONDS, LEDGER_SHARE = 2.0, 0.02
"""The ledger is asked no sooner than that, and takes no more than this share of the time."""
SUMMARY_SECONDS = 300.0
"""How often a summary is printed where there is no terminal."""


class LiveRun:
    """An Observer. Use it in a `with`; thread-safe."""

    def __init__(
        self,
        console: Console,
        budget_usd: float | None,
        folder: RunFolder | None = None,
        at_a_time: int = 1,
        summary_seconds: float = SUMMARY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without `folder` nothing is told that stands in its files: money by model, turns, what was logged."""
        self._console = console
        self._budget = budget_usd
        self._folder = folder
        self._at_a_time = at_a_time
        self._summary_seconds = summary_seconds
        self._lock = threading.Lock()
        self._left = threading.Event()
        self._clock = clock
        self._started = clock()
        self._board = Board()
        self._now: dict[str, _Now] = {}
        self._activities = Activities()
        self._spent = 0.0
        self._usd: dict[str, float] = {}
        self._next_ledger = self._next_look = 0.0
        self._seen: Progress | None = None
        self._live = self._new_live() if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        else:
            threading.Thread(target=self._summarise, name="summary", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        with self._lock:
            self._now.clear()
            self._next_look = self._next_ledger = 0.0
        if self._live:
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
            self._board = Board(rows)

    def phase(self, key: TrialKey, phase: str) -> None:
        with self._lock:
            now, before = self._clock(), self._now.get(key.name)
            began = now if before is None else before.began_after(now)
            self._now[key.name] = _Now(key, phase, now, began)

    def finished(self, result: TrialResult, committed_usd: float) -> None:
        with self._lock:
            self._now.pop(result.key.name, None)
            self._board.ended(result.key, result.verdict, result.times.busy, fresh=True)
            self._spent = committed_usd
            done, planned = self._board.done, self._board.planned
            if self._folder:
                self._activities.forget(self._folder.trial(result.key) / "events.jsonl")
        if not self._live:
            reason = f" ({visible(result.reason)})" if result.reason else ""
            self._print(
                f"{done}/{planned} {visible(result.key.name)}: {result.verdict}{reason}, {result.times.total:.1f} s"
            )

    def released(self, key: TrialKey) -> None:
        with self._lock:
            self._now.pop(key.name, None)
            if self._folder:
                self._activities.forget(self._folder.trial(key) / "events.jsonl")

    def say(self, text: str) -> None:
        self._print(visible(text, newlines=True), "dim")

    def progress(self) -> Progress:
        """The run as it stands; what is read from files is at most a second old."""
        with self._lock:
            now = self._clock()
            if self._seen is None or now >= self._next_look:
                self._seen = self._looked(now)
                self._next_look = now + LOOK_SECONDS
            return self._seen

    def _looked(self, now: float) -> Progress:
        said = notes(self._folder.path) if self._folder else []
        still = standstill(said)
        workers = self._workers(now)
        seconds = now - self._started
        self._ask_ledger(now)
        return Progress(
            run=self._folder.path.name if self._folder else "",
            state="running",
            seconds=seconds,
            planned=self._board.planned,
            done=self._board.done,
            models=self._board.models(self._usd, workers, seconds, still.models),
            workers=tuple(workers),
            asking=self._asking(workers),
            usd=max(self._spent, sum(self._usd.values())),
            usd_cap=self._budget,
            per_hour=self._board.per_hour(seconds),
            remaining=self._board.remaining(workers, self._at_a_time, still.models),
            paused=still.why,
        )

    def _asking(self, workers: list[Worker]) -> int:
        """Requests that can be answered from elsewhere; those that this terminal asks are before the user's eyes."""
        if self._folder is None or not any(worker.phase == "waiting" for worker in workers):
            return 0
        return len(Questions(self._folder.path).waiting())

    def _ask_ledger(self, now: float) -> None:
        if self._folder is None or now < self._next_ledger:
            return
        with suppress(FileProblem):
            self._usd = look(self._folder.ledger_file).usd
        took = self._clock() - now
        self._next_ledger = now + max(LEDGER_SECONDS, took / LEDGER_SHARE)

    def _workers(self, now: float) -> list[Worker]:
        """The phases as told, and within `working` what the transcripts say."""
        told: dict[str, Worker] = {}
        if self._folder:
            working = [each.key for each in self._now.values() if each.phase == "working"]
            told = {each.trial: each for each in workers_of(self._folder, working, self._activities, {})}
        found = []
        for name, each in self._now.items():
            known = told.get(name)
            worker = Worker(
                trial=name,
                model=each.key.model,
                phase=each.phase,
                seconds=now - each.since,
                under_way=now - each.began_after(now),
            )
            if known is not None and known.phase in ("thinking", "working"):
                update = {"phase": known.phase, "seconds": known.seconds, "turn": known.turn, "tool": known.tool}
                worker = worker.model_copy(update=update)
            found.append(worker)
        return sorted(found, key=lambda worker: -worker.seconds)

    def _print(self, text: str, style: str = "") -> None:
        """As Text: rich replaces emoji codes in a str even without markup."""
        self._console.print(Text(text, style), highlight=False, soft_wrap=True)

    def _new_live(self) -> Live:
        """A display of its own for each stretch: one that goes on would draw over what was printed in between."""
        return Live(get_renderable=self._render, console=self._console, refresh_per_second=2)

    def _render(self) -> RenderableType:
        size = self._console.size
        return table(self.progress(), size.width, size.height)

    def _summarise(self) -> None:
        while not self._left.wait(self._summary_seconds):
            for line in lines(self.progress()):
                self._print(line)


class _Now:
    """A trial under way, in monotonic seconds."""

    def __init__(self, key: TrialKey, phase: str, since: float, began: float) -> None:
        self.key = key
        self.phase = phase
        self.since = since
        self.began = began
        """The later for each second that it waited for a person."""

    def began_after(self, now: float) -> float:
        return self.began + (now - self.since if self.phase == "waiting" else 0.0)
