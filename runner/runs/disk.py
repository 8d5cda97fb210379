"""Room where a run writes: below a floor, and while writes are refused, no new trial starts, and the run waits."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from runner.durations import brief
from runner.errors import is_full
from runner.runs.runlog import RunLog
from sandboxes.client import Engine

FLOOR_BYTES = 2_000_000_000
FLOOR_SHARE = 0.05
EVERY_SECONDS = 1.0
REFUSED_SECONDS = 900.0
"""How long a run waits, where writes are refused though there is room, before it stops, resumable."""
MOST_REFUSALS = 5
"""Such pauses in a row, with no trial ended between them: each may have cost a trial begun for money."""
TRIED_BYTES = 1 << 16
"""Written to find out whether writes are still refused."""


class Disk:
    """Watches the disks of some folders. Thread-safe.

    `floor` in bytes; None is the lesser of 2 GB and 5 % of each disk, which holds for `passing`, folders of files that
    are soon gone, in any case. Folders that cannot be asked are left out. The first of `folders` is the run's.

    A quota, or a disk with no room for names, refuses writes while free space is shown: once that has happened there
    is room when a write succeeds, and `hopeless` says when no more waiting is to be expected to help.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        log: RunLog,
        say: Callable[[str], None],
        floor: float | None = None,
        passing: Sequence[Path] = (),
        patience: float = REFUSED_SECONDS,
        every: float = EVERY_SECONDS,
    ) -> None:
        self._folders, self._log, self._say, self._floor, self._passing = folders, log, say, floor, passing
        self._patience, self._every = patience, every
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._short = ""
        self._since = 0.0
        self._refused: float | None = None
        """Since when writes are refused though there is room, in monotonic seconds."""
        self._refusals = 0

    def short(self) -> str:
        """Which disk has too little room, in a sentence; empty where all have enough. Looks every so often."""
        with self._lock:
            if time.monotonic() - self._asked >= self._every:
                self._look()
                self._asked = time.monotonic()
            return self._short

    def await_room(self, stop: threading.Event) -> None:
        """Wait until there is room, or for the stop."""
        while self.short() and not stop.wait(self._every):
            pass

    def was_full(self, error: Exception) -> None:
        """A write was refused, whatever is said of free space."""
        with self._lock:
            self._asked = time.monotonic()
            if self._short:
                return
            lacking = self._lacks()
            if not lacking:
                self._refused = time.monotonic()
                self._refusals += 1
            self._low(lacking or self.refuses() or f"a write was refused ({error}) though there seems to be room")

    def refuses(self) -> str:
        """Which folder takes no write though free space is shown, why, and what to do; empty where all of them do."""
        return next(filter(None, map(_refusal, (self._folders[0], *self._passing))), "")

    def hopeless(self) -> str:
        """Why the run is to stop rather than wait any longer, in a sentence; empty while it may wait."""
        with self._lock:
            if self._refused is None:
                return ""
            if self._refusals > MOST_REFUSALS:
                return f"{self._short}; it was waited for {MOST_REFUSALS} times before, and refused again"
            if (waited := time.monotonic() - self._refused) > self._patience:
                return f"{self._short}; it was waited for {brief(waited)}"
            return ""

    def took(self) -> None:
        """A trial came to its end, and all of it was written."""
        with self._lock:
            self._refusals = 0

    def _low(self, short: str) -> None:
        self._short, self._since = short, time.monotonic()
        then = "free some space, and the run goes on by itself"
        if self._refused is not None:
            then = f"the run goes on by itself once a write succeeds, and stops after {brief(self._patience)}"
        said = f"no new trial starts: {short}; {then}"
        self._say(said)
        self._log.add("disk_low", said)

    def _look(self) -> None:
        short = self._lacks()
        if short:
            self._refused = None
        elif self._refused is not None:
            short = self.refuses()
        if short and not self._short:
            self._low(short)
        elif self._short and not short:
            self._short, self._refused = "", None
            seconds = time.monotonic() - self._since
            said = f"there is room on the disk again after {seconds:.0f} s; the run goes on"
            self._say(said)
            self._log.add("disk_ok", said, seconds=seconds)

    def _lacks(self) -> str:
        lacking = (
            _lacking(folder, floor)
            for folders, floor in ((self._folders, self._floor), (self._passing, None))
            for folder in folders
        )
        return next(filter(None, lacking), "")


def _lacking(folder: Path, floor: float | None) -> str:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return ""
    if floor is None:
        floor = min(FLOOR_BYTES, usage.total * FLOOR_SHARE)
    if usage.free >= floor:
        return ""
    return f"the disk that holds {folder} has {usage.free / 1e9:.2f} GB left, less than {floor / 1e9:.2f}"


def _refusal(folder: Path) -> str:
    """Writes a small file that is gone at once, with bytes that no file system makes smaller."""
    try:
        with tempfile.TemporaryFile(dir=folder) as handle:
            handle.write(os.urandom(TRIED_BYTES))
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        if not is_full(error):
            return ""
        disk = os.statvfs(folder)
        if error.errno == errno.EDQUOT:
            why = "a quota is used up (quota -s shows it): have it raised, or remove what counts against it"
        elif disk.f_files and not disk.f_favail:
            why = "the disk has no room for more names (df -i shows it): remove files"
        else:
            why = "a quota, or room that is kept for others: have it raised, or remove files"
        free = disk.f_bavail * disk.f_frsize
        return f"{folder} takes no write ({error.strerror}) though {free / 1e9:.2f} GB are free there: {why}"
    return ""


def engine_root(engine: Engine) -> list[Path]:
    """Where an engine on this machine keeps its data; nothing for one elsewhere."""
    if not engine.endpoint.startswith("unix:"):
        return []
    with contextlib.suppress(Exception):
        root = Path(engine.api.info().get("DockerRootDir") or "")
        return [root] if root.is_absolute() and root.is_dir() else []
    return []
