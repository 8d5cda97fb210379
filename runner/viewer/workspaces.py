"""The files of the trials that were looked at last, kept in memory: making them again takes a moment."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from runner.replay.files import Reconstruction, reconstruction
from sandboxes.archive import Entry

KEPT = 3
"""Trials whose files are kept."""


class Workspaces:
    """Safe to use from any thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Path, int], Reconstruction] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, folder: Path) -> Reconstruction:
        """Of a trial's folder. Raises UserError where they cannot be made again."""
        known = (folder, (folder / "events.jsonl").stat().st_mtime_ns)
        with self._lock:
            if known not in self._kept:
                self._kept[known] = reconstruction(folder)
            self._kept.move_to_end(known)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[known]


def text_of(entry: Entry) -> str | None:
    """None for a file that is no text."""
    if entry.is_link:
        return f"link to {entry.data.decode('utf-8', 'backslashreplace')}"
    if b"\0" in entry.data:
        return None
    return entry.data.decode("utf-8", "backslashreplace")
