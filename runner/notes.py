"""What a run wrote into its log, `log.jsonl`: the last lines, and what stands still because of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from runner.progress import Note

LOG = "log.jsonl"
TAIL = 256 << 10
"""Bytes that are read from the end."""
FRESH = ("started", "resumed")
"""Kinds that begin a process, in which nothing stands still yet."""
STOPS = {"disk_low": "disk", "engine_gone": "engine"}
GOES_ON = {"disk_ok": "disk", "engine_back": "engine"}
MODEL_STOPS, MODEL_GOES_ON = ("provider_down", "provider_given_up"), ("provider_back",)


@dataclass
class Standstill:
    """Why nothing is begun, in the run's own words."""

    run: dict[str, str] = field(default_factory=dict)
    """What is missing → why the whole run stands still."""
    models: dict[str, str] = field(default_factory=dict)

    @property
    def why(self) -> str:
        return "; ".join(self.run.values())


def notes(folder: Path) -> list[Note]:
    """The last lines of a run's log, the oldest first; empty where there is none. What is no line of it is left out."""
    try:
        with (folder / LOG).open("rb") as handle:
            size = handle.seek(0, os.SEEK_END)
            handle.seek(max(0, size - TAIL))
            lines = handle.read().split(b"\n")
    except OSError:
        return []
    torn_first = size > TAIL
    return [note for line in lines[torn_first:-1] if (note := _note(line)) is not None]


def _note(line: bytes) -> Note | None:
    try:
        told = json.loads(line)
        return Note.model_validate({key: told[key] for key in ("at", "kind", "text", "model") if key in told})
    except (ValueError, RecursionError, TypeError, ValidationError):
        return None


def standstill(said: Iterable[Note]) -> Standstill:
    """What stands still after all that was said."""
    found = Standstill()
    for note in said:
        if note.kind in FRESH:
            found = Standstill()
        elif note.kind in STOPS:
            found.run[STOPS[note.kind]] = note.text
        elif note.kind in GOES_ON:
            found.run.pop(GOES_ON[note.kind], None)
        elif note.kind in MODEL_STOPS and note.model:
            found.models[note.model] = note.text
        elif note.kind in MODEL_GOES_ON:
            found.models.pop(note.model, None)
    return found
