"""What a run's log says in its last lines, and what stands still because of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from runner.runs.runlog import LOG, Happened, Kind, read_log

TAIL = 256 << 10
"""Bytes that are read from the end."""
FRESH: frozenset[Kind] = frozenset({"started", "resumed", "ended", "interrupted", "halted"})
"""Kinds that begin or end a process's work: nothing stands still of what an earlier one waited for."""
STOPS: dict[Kind, str] = {"disk_low": "disk", "engine_gone": "engine"}
GOES_ON: dict[Kind, str] = {"disk_ok": "disk", "engine_back": "engine"}
MODEL_STOPS: frozenset[Kind] = frozenset({"provider_down", "provider_given_up"})
MODEL_GOES_ON: Kind = "provider_back"


@dataclass
class Standstill:
    """Why nothing is begun, in the run's own words."""

    run: dict[str, str] = field(default_factory=dict)
    """What is missing → why the whole run stands still."""
    models: dict[str, str] = field(default_factory=dict)

    def take(self, line: Happened) -> None:
        """One more line of the log."""
        if line.kind in FRESH:
            self.run.clear()
            self.models.clear()
        elif line.kind in STOPS:
            self.run[STOPS[line.kind]] = line.text
        elif line.kind in GOES_ON:
            self.run.pop(GOES_ON[line.kind], None)
        elif line.kind in MODEL_STOPS:
            self.models[line.model] = line.text
        elif line.kind == MODEL_GOES_ON:
            self.models.pop(line.model, None)

    @property
    def why(self) -> str:
        return "; ".join(self.run.values())


def notes(folder: Path) -> list[Happened]:
    """The last lines of a run's log, the oldest first; empty where there is none, or one that cannot be read."""
    try:
        return list(read_log(folder / LOG, TAIL))
    except OSError:
        return []


def standstill(said: Iterable[Happened]) -> Standstill:
    """What stands still after all that was said."""
    found = Standstill()
    for line in said:
        found.take(line)
    return found
