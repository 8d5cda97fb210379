"""What is done when the time has come: an interrupted night is gone on with, then tonight's own run begins."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from runner.errors import TaskfitError, UserError
from runner.folder import RunFolder
from runner.holder import holder_of
from runner.ledger_view import look

REFUSED = 2
"""taskfit's exit code for a run that cannot go on: what was held constant has changed."""


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
    last = earlier[-1]
    holder = holder_of(last)
    if holder.state == "alive":
        raise UserError(f"{last.path} is still being worked on by process {holder.pid}; no run is begun beside it")
    found = [Step("resume", last.path)] if _has_more(last) else []
    if last.path != tonight:
        found.append(Step("run", tonight))
    return found


def work(
    todo: Sequence[Step],
    program: Sequence[str],
    study: Path,
    ends: datetime | None,
    say: Callable[[str], None],
    now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
) -> int:
    """Do it, up to the night's end, where the run at work is stopped in order and keeps what it has. The exit code.

    A run that can no longer go on, because something has changed, is left as it is. One that stops before its end
    leaves nothing to begin after it.
    """
    code = 0
    for step in todo:
        say(f"{step.action}: {step.folder}")
        words = (
            ["resume", str(step.folder)] if step.action == "resume" else ["run", str(study), "--out", str(step.folder)]
        )
        code = _child([*program, *words], ends, now)
        if step.action == "resume" and code == REFUSED:
            continue
        if step.action == "resume" and _has_more(RunFolder(step.folder)):
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


def _child(command: Sequence[str], ends: datetime | None, now: Callable[[], datetime]) -> int:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    with _passing_on(process):
        while True:
            left = (ends - now()).total_seconds() if ends is not None else 60.0
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
