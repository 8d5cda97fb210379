"""Free space where a run writes: below a floor no new trial starts, and the run waits."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from runner.runs.runlog import RunLog
from sandboxes.client import Engine

FLOOR_BYTES = 2_000_000_000
FLOOR_SHARE = 0.05
EVERY_SECONDS = 1.0


class Disk:
    """Watches the disks of some folders. Thread-safe.

    `floor` in bytes; None is the lesser of 2 GB and 5 % of each disk, which holds for `passing`, folders of files that
    are soon gone, in any case. Folders that cannot be asked are left out.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        log: RunLog,
        say: Callable[[str], None],
        floor: float | None = None,
        passing: Sequence[Path] = (),
    ) -> None:
        self._folders, self._log, self._say, self._floor, self._passing = folders, log, say, floor, passing
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._short = ""
        self._since = 0.0

    def short(self) -> str:
        """Which disk has too little room, in a sentence; empty where all have enough. Asked once a second."""
        with self._lock:
            if time.monotonic() - self._asked >= EVERY_SECONDS:
                self._look()
                self._asked = time.monotonic()
            return self._short

    def await_room(self, stop: threading.Event) -> None:
        """Wait until there is room, or for the stop."""
        while self.short() and not stop.wait(EVERY_SECONDS):
            pass

    def was_full(self) -> None:
        """A write was refused, whatever was said of free space."""
        with self._lock:
            self._asked = time.monotonic()
            if not self._short:
                self._low(f"the disk that holds {self._folders[0]} is full")

    def _low(self, short: str) -> None:
        self._short, self._since = short, time.monotonic()
        said = f"no new trial starts: {short}; free some space, and the run goes on by itself"
        self._say(said)
        self._log.add("disk_low", said)

    def _look(self) -> None:
        lacking = (
            self._lacking(folder, floor)
            for folders, floor in ((self._folders, self._floor), (self._passing, None))
            for folder in folders
        )
        short = next(filter(None, lacking), "")
        if short and not self._short:
            self._low(short)
        elif self._short and not short:
            self._short = ""
            seconds = time.monotonic() - self._since
            said = f"there is room on the disk again after {seconds:.0f} s; the run goes on"
            self._say(said)
            self._log.add("disk_ok", said, seconds=seconds)

    @staticmethod
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


def engine_root(engine: Engine) -> list[Path]:
    """Where an engine on this machine keeps its data; nothing for one elsewhere."""
    if not engine.endpoint.startswith("unix:"):
        return []
    with contextlib.suppress(Exception):
        root = Path(engine.api.info().get("DockerRootDir") or "")
        return [root] if root.is_absolute() and root.is_dir() else []
    return []
