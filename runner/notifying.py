"""Tells of a run as it goes: of pauses, as its log says them, and of what it came to at its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from runner.notes import Standstill, notes, standstill
from runner.notices.delivery import deliver
from runner.notices.message import Message, Names, Tally, sentence
from runner.notices.settings import Notify, Occasion
from runner.progress import Progress
from runner.runlog import Happened

LOOK_SECONDS = 5.0
QUIET_SECONDS = 900.0
"""Between two messages of pauses at least: what flaps is told of once."""
LOST = ("infra_error", "invalid_scenario")


class Notifier:
    """Use it in a `with`: pauses are told of from a thread of its own, the end by `end`."""

    def __init__(
        self,
        settings: Notify,
        run: Path,
        progress: Callable[[], Progress],
        say: Callable[[str], None],
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """Raises UserError where the secret that the settings name is not there."""
        settings.headers()
        self._settings = settings
        self._run = run
        self._progress = progress
        self._say = say
        self._look_seconds = look_seconds
        now = datetime.now(UTC)
        self._began = now.replace(microsecond=now.microsecond // 1000 * 1000)  # a log's times are in milliseconds
        self._ended = threading.Event()
        self._stood_still = False
        self._last_pause = float("-inf")

    def __enter__(self) -> Self:
        if self._settings.tells:
            threading.Thread(target=self._follow, name="notifier", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    def tell(self, event: Occasion, reason: str = "") -> None:
        """Returns when everybody was told, or their time is up."""
        if self._settings.tells and event in self._settings.on:
            message = message_of(event, self._progress(), self._run, self._settings.names, reason)
            deliver(self._settings, message, self._say)

    def end(self, problem: str, refused: Iterable[str], held: Iterable[str]) -> None:
        """Tell what the run came to: the `problem` that stopped it, why trials were `refused` or `held`, or its end."""
        refused, held = list(refused), list(held)
        event: Occasion = "failed" if problem or refused else "capped" if held else "done"
        self.tell(event, "; ".join(filter(None, [problem, *refused, *held])))

    def _follow(self) -> None:
        while not self._ended.wait(self._look_seconds):
            self.look()

    def look(self) -> None:
        """Tell where the log says that something has come to stand still since the last look."""
        still = standstill(line for line in notes(self._run) if self._is_ours(line))
        stands = bool(still.run or still.models)
        if stands and not self._stood_still and time.monotonic() - self._last_pause >= QUIET_SECONDS:
            self._last_pause = time.monotonic()
            self.tell("paused", _why(still))
        self._stood_still = stands

    def _is_ours(self, line: Happened) -> bool:
        """Whether this process, not an earlier one, said so."""
        try:
            at = datetime.fromisoformat(line.at)
        except ValueError:
            return False
        return at.tzinfo is not None and at >= self._began


def message_of(event: Occasion, progress: Progress, run: Path, names: bool, reason: str) -> Message:
    """Counts of all models and arms together; names apart, and only where they are wanted."""
    resolved = sum(each.verdicts.get("resolved", 0) for each in progress.models)
    lost = sum(each.verdicts.get(name, 0) for each in progress.models for name in LOST)
    named = Names(
        run=run.name,
        folder=str(run),
        reason=reason,
        models={
            each.model: Tally(planned=each.planned, done=each.done, resolved=each.verdicts.get("resolved", 0))
            for each in progress.models
        },
    )
    return Message(
        event=event,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        planned=progress.planned,
        done=progress.done,
        resolved=resolved,
        lost=lost,
        usd=progress.usd,
        usd_cap=progress.usd_cap,
        seconds=progress.seconds,
        text=sentence(event, progress.done, progress.planned, resolved, lost, progress.usd),
        names=named if names else None,
    )


def _why(still: Standstill) -> str:
    return "; ".join([*still.run.values(), *still.models.values()])
