"""What a trial did last, read from the end of its transcript while another process may be writing it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from runner.regular import opened

TAIL, MOST = 64 << 10, 8 << 20
"""Bytes that are read from the end: at first, and where no line begins in them."""
HEAD = 1024
"""Bytes of a line that are looked at."""
_EVENT = re.compile(rb'\{"step": (\d+), "at": "([^"]*)", "seconds": [^,]*, "type": "(\w+)"(?:, "turn": (\d+))?')
_TOOL = re.compile(rb'"call_id": "(?:[^"\\]|\\.)*", "tool": "(\w+)"')
_DOING = {
    "trial_started": "starting",
    "replied": "working",
    "submitted": "grading",
    "limit_reached": "grading",
    "change_dropped": "grading",
    "patch_taken": "grading",
    "graded": "grading",
    "scenario_facts": "grading",
    "trial_finished": "ending",
    "trial_failed": "ending",
}
"""What follows on an event; on any other the model thinks."""


@dataclass(frozen=True)
class Activity:
    """The last step that is known; `turn` is None where it lies too far back."""

    doing: str
    """starting, thinking (the model), working (a call), grading, ending."""
    at: datetime | None = None
    """When it began."""
    step: int = -1
    turn: int | None = None
    tool: str = ""
    """The call that is being made, or waits for an answer."""
    began: datetime | None = None
    """When the trial did."""


def activity(file: Path) -> Activity | None:
    """None where the trial has written nothing yet. A line that is no event of this version is passed over."""
    try:
        with opened(file) as handle:
            first = _EVENT.match(handle.read(HEAD))
            size = handle.seek(0, os.SEEK_END)
            length = TAIL
            while True:
                start = max(0, size - length)
                handle.seek(start)
                found = _last(handle.read(size - start), whole=start == 0)
                if found is not None:
                    return replace(found, began=_time(first[2]) if first else None)
                if start == 0 or length >= MOST:
                    return None
                length *= 8
    except OSError:
        return None


def _last(tail: bytes, whole: bool) -> Activity | None:
    """The state after the last whole line. `whole`: the first line is no torn one."""
    begin = 0 if whole else tail.find(b"\n") + 1
    end = tail.rfind(b"\n") + 1
    if begin >= end or (not whole and not begin):
        return None
    found, turn = None, None
    while end > begin and (found is None or turn is None):
        start = max(begin, tail.rfind(b"\n", begin, end - 1) + 1)
        head = tail[start : min(end, start + HEAD)]
        if event := _EVENT.match(head):
            found = found or _after(event, head)
            turn = int(event[4]) if event[4] and event[3] == b"replied" else turn
        end = start
    return replace(found, turn=turn) if found is not None else None


def _after(event: re.Match[bytes], head: bytes) -> Activity:
    kind = event[3].decode("ascii", "replace")
    tool = _TOOL.search(head) if kind == "call_proposed" else None
    doing = "working" if tool else _DOING.get(kind, "thinking")
    return Activity(doing, _time(event[2]), int(event[1]), tool=tool[1].decode("ascii", "replace") if tool else "")


def _time(text: bytes) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.decode("ascii"))
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


class Activities:
    """The same of many trials, read again only where a transcript has grown."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[int, Activity | None]] = {}

    def of(self, file: Path) -> Activity | None:
        try:
            size = file.stat().st_size
        except OSError:
            return None
        known = self._known.get(file)
        if known is None or known[0] != size:
            known = self._known[file] = (size, activity(file))
        return known[1]

    def forget(self, file: Path) -> None:
        self._known.pop(file, None)
