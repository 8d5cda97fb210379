"""Tells of a run as it goes: of pauses, as its log says them, and of what it came to at its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from runner.following.notes import Standstill
from runner.following.progress import Progress
from runner.notices.delivery import deliver
from runner.notices.message import Message, Names, Tally, sentence
from runner.notices.settings import Notify, Occasion
from runner.runs.runlog import Happened

LOOK_SECONDS = 5.0
"""What has healed again within that time is told nobody."""
QUIET_SECONDS = 900.0
"""Between two messages of pauses at least: what flaps is told of once."""
LAST_SECONDS = 3.0
"""How long a process that was told to end stays to say so."""
LOST = ("infra_error", "invalid_scenario")


class Notifier:
    """Use it in a `with`: pauses and caps are told of from a thread of its own, the end by `end`."""

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
        self._heard: SimpleQueue[Happened] = SimpleQueue()
        self._still = Standstill()
        self._left = threading.Event()
        self._told_of_pause = False
        self._last_pause = float("-inf")

    def __enter__(self) -> Self:
        if self._settings.tells:
            threading.Thread(target=self._follow, name="notifier", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()

    def hear(self, line: Happened) -> None:
        """A line of this process's log, from any thread."""
        self._heard.put(line)

    def tell(self, event: Occasion, reason: str = "", ended: bool = True) -> None:
        """Returns when everybody was told, or their time is up."""
        if self._settings.tells and event in self._settings.on:
            message = message_of(event, self._progress(), self._run, self._settings.names, reason, ended)
            deliver(self._settings, message, self._say)

    def end(self, problem: str, refused: Iterable[str], held: Iterable[str]) -> None:
        """Tell what the run came to: the `problem` that stopped it, why trials were `refused` or `held`, or its end."""
        refused, held = list(refused), list(held)
        event: Occasion = "failed" if problem or refused else "capped" if held else "done"
        self.tell(event, "; ".join(filter(None, [problem, *refused, *held])))

    def interrupted(self) -> None:
        """Tell that the process was told to end, which waits no longer than `LAST_SECONDS` for anybody."""
        if self._settings.tells:
            telling = threading.Thread(target=self.tell, args=("interrupted",), name="notice", daemon=True)
            telling.start()
            telling.join(LAST_SECONDS)

    def _follow(self) -> None:
        while not self._left.wait(self._look_seconds):
            self.look()

    def look(self) -> None:
        """Tell what the log has said since the last look of caps that hold, of what stands still, and what goes on."""
        caps = []
        while not self._heard.empty():
            line = self._heard.get()
            self._still.take(line)
            if line.kind in ("holding", "late"):
                caps.append(line.text)
        for text in caps:
            self.tell("capped", text, ended=False)
        stands = bool(self._still.run or self._still.models)
        if stands and not self._told_of_pause and time.monotonic() - self._last_pause >= QUIET_SECONDS:
            self._told_of_pause = True
            self._last_pause = time.monotonic()
            self.tell("paused", _why(self._still), ended=False)
        elif self._told_of_pause and not stands:
            self._told_of_pause = False
            self.tell("resumed", ended=False)


def message_of(event: Occasion, progress: Progress, run: Path, names: bool, reason: str, ended: bool = True) -> Message:
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
        ended=ended,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        planned=progress.planned,
        done=progress.done,
        resolved=resolved,
        lost=lost,
        usd=progress.usd,
        usd_cap=progress.usd_cap,
        seconds=progress.seconds,
        text=sentence(event, ended, progress.done, progress.planned, resolved, lost, progress.usd),
        names=named if names else None,
    )


def _why(still: Standstill) -> str:
    return "; ".join([*still.run.values(), *still.models.values()])
