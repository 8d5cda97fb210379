"""What is done when the time has come: an interrupted night is gone on with, then tonight's own run begins."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from runner.errors import TaskfitError, UserError
from runner.exits import INTERRUPTED, REFUSED
from runner.runs.folder import RunFolder
from runner.runs.holder import holder_of
from runner.runs.ledger_view import look
from runner.runs.runlog import LOG, Kind, read_log

OTHERWISE: frozenset[Kind] = frozenset(
    {"late", "draining", "stopped_late", "interrupted", "halted", "provider_given_up"}
)
"""What else than a cap may have held a run's trials back."""
PATIENCE = timedelta(minutes=5)
"""What a run may take, after its end and its grace, to come to a stop and write its page."""


@dataclass(frozen=True)
class Step:
    action: Literal["resume", "run"]
    folder: Path


def steps(runs: Path, study: str, began: datetime) -> list[Step]:
    """What the night that began then has to do. Raises UserError where an earlier night still works."""
    tonight = runs / f"{began.date()}-{study}"
    earlier = _runs_of(runs, study)
    if not earlier:
        return [Step("run", tonight)]
    begun = [each for each in earlier if each.path == tonight]
    open_ones = list(dict.fromkeys([*begun, earlier[-1]]))  # the last may bear a later date: the clock was set back
    for each in open_ones:
        holder = holder_of(each)
        if holder.state == "alive":
            raise UserError(f"{each.path} is still being worked on by process {holder.pid}; no run is begun beside it")
    found = [Step("resume", each.path) for each in open_ones if _has_more(each)]
    return found if begun else [*found, Step("run", tonight)]


def work(
    todo: Sequence[Step],
    program: Sequence[str],
    study: Path,
    ends: datetime | None,
    say: Callable[[str], None],
    now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    patience: timedelta = PATIENCE,
) -> int:
    """Do it, up to the night's end, which each run is told of, so that it begins nothing that would end later. One that
    still works when `patience` is over after that is stopped in order. The exit code.

    A run that can no longer go on, because something has changed or its caps are used up, is left as it is. One that
    stops before its end for another reason leaves nothing to begin after it.
    """
    code = 0
    for step in todo:
        if ends is not None and now() >= ends:
            break
        say(f"{step.action}: {step.folder}")
        words = (
            ["resume", str(step.folder)] if step.action == "resume" else ["run", str(study), "--out", str(step.folder)]
        )
        if ends is not None:
            words += ["--until", ends.isoformat()]
        code = _child([*program, *words], ends + patience if ends is not None else None, now)
        if step.action == "resume" and code == REFUSED:
            continue
        folder = RunFolder(step.folder)
        if step.action == "resume" and _has_more(folder) and (code == INTERRUPTED or not _at_its_caps(folder)):
            break
    return code


def _runs_of(runs: Path, study: str) -> list[RunFolder]:
    """A study's nights, the oldest first."""
    name = re.compile(rf"\d{{4}}-\d\d-\d\d-{re.escape(study)}")
    found = [RunFolder(path) for path in sorted(runs.glob("*")) if name.fullmatch(path.name)]
    return [folder for folder in found if folder.lock_file.is_file()]


def _has_more(folder: RunFolder) -> bool:
    try:
        return any(row.state != "done" for row in look(folder.ledger_file).rows)
    except TaskfitError:
        return True


def _at_its_caps(folder: RunFolder) -> bool:
    """Whether caps on money, tokens or trials, and nothing else, held back what is left, as the run's log says."""
    kinds: set[Kind] = set()
    for line in read_log(folder.path / LOG):
        kinds = {line.kind} if line.kind in ("started", "resumed") else kinds | {line.kind}
    return "capped" in kinds and not kinds & OTHERWISE


def _child(command: Sequence[str], stops: datetime | None, now: Callable[[], datetime]) -> int:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    with _passing_on(process):
        while True:
            left = (stops - now()).total_seconds() if stops is not None else 60.0
            if left <= 0:
                process.terminate()
                return process.wait()
            try:
                return process.wait(timeout=min(left, 60.0))
            except subprocess.TimeoutExpired:
                continue


@contextmanager
def _passing_on(process: subprocess.Popen[Any]) -> Iterator[None]:
    """What is asked of this process is asked of the one that works."""

    def pass_on(number: int, _frame: object) -> None:
        process.send_signal(number)

    before = {name: signal.signal(name, pass_on) for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
