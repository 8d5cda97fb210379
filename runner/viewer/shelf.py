"""The transcripts that were read last, kept so that further pages of them, and looks at what came since, are quick."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from runner.reading.lines import Lines
from runner.reading.reader import Reader, Reading
from runner.results import TrialKey

KEPT = 6
"""Trials; a large one takes about as much memory as disk."""


@dataclass
class _Kept:
    reader: Reader
    lock: threading.Lock = field(default_factory=threading.Lock)


class Shelf:
    """Safe to use from any thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Path, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def reading(self, file: Path, key: TrialKey) -> Iterator[Reading]:
        """A trial as far as its transcript has come; no other thread changes it meanwhile. Raises FileProblem."""
        kept = self._of(file, key)
        with kept.lock:
            yield kept.reader.read()

    @contextmanager
    def lines(self, file: Path, key: TrialKey) -> Iterator[Lines]:
        """Its lines by their places. Raises FileProblem."""
        kept = self._of(file, key)
        with kept.lock:
            kept.reader.read()
            yield kept.reader.lines

    def _of(self, file: Path, key: TrialKey) -> _Kept:
        with self._lock:
            kept = self._kept.setdefault(file, _Kept(Reader(file, key)))
            self._kept.move_to_end(file)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return kept
