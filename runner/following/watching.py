"""A run seen from outside: from its ledger, its trials' transcripts and its log, and nothing in it is touched."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from runner.approvers.questions import Questions
from runner.errors import FileProblem
from runner.following.activity import Activities
from runner.following.notes import notes, standstill
from runner.following.progress import Board, Progress, State, Worker
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.runs.holder import Holder, holder_of
from runner.runs.ledger import Row
from runner.runs.ledger_view import look

MOST = 1e15
"""Whatever number is greater was not meant."""
NOTES = 5
"""Lines of the log that are shown."""


class Watcher:
    """Looks at one run again and again; what has ended is read once."""

    def __init__(self, folder: RunFolder) -> None:
        """Raises UserError where this is no run's folder."""
        self._folder = folder
        study = folder.lock().get("study")
        study = study if isinstance(study, dict) else {}
        budget = study.get("budget")
        self._cap = _number((budget or {}).get("usd")) if isinstance(budget, dict) else None
        self._at_a_time = int(_number(study.get("concurrency")) or 1)
        self._activities = Activities()
        self._took: dict[tuple[str, int], tuple[float, float]] = {}

    def progress(self) -> Progress:
        """The run as it stands. Raises FileProblem for a ledger that cannot be read."""
        holder = holder_of(self._folder)
        seen = look(self._folder.ledger_file)
        said = notes(self._folder.path)
        alive = holder.state == "alive"
        seconds = max(0.0, time.time() - holder.since) if alive and holder.since else None
        still = standstill(said)
        board = self._board(seen.rows, holder)
        asked = {each.trial.name: each.asked for each in Questions(self._folder.path).waiting()} if alive else {}
        workers = workers_of(self._folder, _running(seen.rows), self._activities, asked) if alive else []
        return Progress(
            run=self._folder.path.name,
            state=_state(board, holder),
            pid=holder.pid,
            seconds=seconds,
            planned=board.planned,
            done=board.done,
            models=board.models(seen.usd, workers, seconds, still.models if alive else {}),
            workers=tuple(workers),
            asking=len(asked),
            usd=sum(seen.usd.values()),
            usd_cap=self._cap,
            per_hour=board.per_hour(seconds),
            remaining=board.remaining(workers, self._at_a_time, still.models) if alive else None,
            paused=still.why if alive else "",
            notes=tuple(said[-NOTES:]),
        )

    def _board(self, rows: Sequence[Row], holder: Holder) -> Board:
        board = Board()
        since = holder.since if holder.state == "alive" and holder.since is not None else float("inf")
        for row in rows:
            board.plan(row.key)
            if row.state == "done":
                seconds, ended = self._ended(row)
                board.ended(row.key, row.verdict or "infra_error", seconds, fresh=ended >= since)
        return board

    def _ended(self, row: Row) -> tuple[float, float]:
        """How long a trial was busy, and when its result was written; zeros where nothing tells."""
        known = (row.key.name, row.attempts)
        if known not in self._took:
            try:
                result = self._folder.result(row.key)
                written = (self._folder.trial(row.key) / "result.json").stat().st_mtime if result else 0.0
                self._took[known] = (result.times.busy if result else 0.0, written)
            except (FileProblem, OSError):
                self._took[known] = (0.0, 0.0)
        return self._took[known]


def workers_of(
    folder: RunFolder, running: Sequence[TrialKey], activities: Activities, asked: Mapping[str, datetime]
) -> list[Worker]:
    """What each of the trials does, the longest in its phase first; `asked`: those that wait for a person, and since
    when."""
    now = time.time()
    found = []
    for key in running:
        place = folder.trial(key)
        last = activities.of(place / "events.jsonl")
        phase, since, turn, tool = "preparing", None, None, ""
        if last is not None:
            phase, since, turn, tool = last.doing, last.at, last.turn, last.tool
        waits = 0.0
        if key.name in asked:
            phase, since = "waiting", asked[key.name]
            waits = _since(since, now)
        began = last.began if last is not None else None
        found.append(
            Worker(
                trial=key.name,
                model=key.model,
                phase=phase,
                seconds=_since(since, now),
                under_way=max(0.0, _since(began, now) - waits),
                turn=turn,
                tool=tool,
            )
        )
    return sorted(found, key=lambda worker: -worker.seconds)


def _running(rows: Sequence[Row]) -> list[TrialKey]:
    return [row.key for row in rows if row.state == "running"]


def _since(moment: datetime | None, now: float) -> float:
    return max(0.0, now - moment.timestamp()) if moment is not None else 0.0


def _state(board: Board, holder: Holder) -> State:
    if holder.state == "alive":
        return "running"
    if board.done == board.planned:
        return "done"
    return "dead" if holder.state == "dead" else "stopped"


def _number(value: object) -> float | None:
    """None for what is none, or no finite one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MOST:
        return None
    return float(value)
