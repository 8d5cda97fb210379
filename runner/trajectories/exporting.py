"""A run's trials in a format of others, redacted where that is asked for, with a list of what was lost on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

from runner.errors import FileProblem, UnknownName, UserError
from runner.regular import content
from runner.report.privacy import View
from runner.results import TrialKey
from runner.trajectories import atif, inspect_export, mini, otel, sweagent
from runner.trajectories.base import LOST, Exporter, ExportFormat, Losses, Trial, Write
from runner.trajectories.redaction import redacted, unaddressed
from runner.transcript import read

WRITERS: Mapping[ExportFormat, Exporter] = {
    "atif": atif.export,
    "inspect": inspect_export.export,
    "sweagent": sweagent.export,
    "mini": mini.export,
    "otel": otel.export,
}
TITLES: Mapping[ExportFormat, str] = {
    "atif": "ATIF",
    "inspect": "an Inspect log",
    "sweagent": ".traj",
    "mini": "mini-swe-agent",
    "otel": "OpenTelemetry",
}
Problem = Callable[[str], None]


def chosen(view: View, wanted: Sequence[str]) -> list[TrialKey]:
    """The run's keys whose names, as they are shown, match one of the globs; all without one. Raises UnknownName."""
    keys = view.keys()
    if not wanted:
        return keys
    shown = {key: view.key(key).name for key in keys}
    for pattern in wanted:
        if not any(fnmatchcase(name, pattern) for name in shown.values()):
            raise UnknownName(f"trial in {view.run.path}", pattern, shown.values())
    return [key for key in keys if any(fnmatchcase(shown[key], pattern) for pattern in wanted)]


def trials(view: View, keys: Iterable[TrialKey], problem: Problem) -> Iterator[Trial]:
    """Those of the trials that have a transcript, one at a time; `problem` is told of each that cannot be read."""
    for key in keys:
        folder = view.run.trial(key)
        try:
            events = list(read(folder / "events.jsonl"))
        except FileNotFoundError:
            continue
        except (FileProblem, OSError) as error:
            problem("a transcript that cannot be read is left out" if view.mode != "local" else str(error))
            continue
        shown, patch = view.key(key), ""
        if shown != key:
            events = [redacted(event, shown.scenario, view.names) for event in events]
        else:
            if view.mode != "local":
                events = [unaddressed(event) for event in events]
            with suppress(OSError):
                patch = content(folder / "patch.diff").decode("utf-8", "replace")
        if events:
            yield Trial(shown, events, patch, view.name)


def export(found: Iterable[Trial], format: ExportFormat, write: Write) -> Losses:
    """Write trials; returns what the format had no field for."""
    losses = Losses(TITLES[format])
    WRITERS[format](found, write, losses)
    return losses


class Outlet:
    """Where an export's files go: a folder, or one file where only one is written. Raises UserError."""

    def __init__(self, out: Path, single: bool) -> None:
        self._out = out
        self._single = single
        self.written: list[Path] = []

    def write(self, name: str, data: bytes) -> None:
        """A file, whole or not at all."""
        file = self._out if self._single else self._out / name
        if self._single and self.written:
            raise UserError(f"{self._out}: there are several files to write; name a folder")
        if not self._single and self._out.exists() and not self._out.is_dir():
            raise UserError(f"{self._out} is no folder, and a trial's file goes into one; name another place")
        partial = file.with_name(f".{file.name[:100]}.part")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(file)
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            raise UserError(f"{file}: cannot be written: {error.strerror}") from None
        self.written.append(file)

    def write_losses(self, losses: Losses) -> Path:
        """What was lost, beside the files."""
        file = self._out.with_name(f"{self._out.name}.{LOST}") if self._single else self._out / LOST
        rows = [
            {"what": what, "count": count, "kept": kept or None} for (what, kept), count in losses.found.most_common()
        ]
        try:
            file.write_text(json.dumps({"schema": 1, "format": losses.format, "lost": rows}, indent=1) + "\n")
        except OSError as error:
            raise UserError(f"{file}: cannot be written: {error.strerror}") from None
        return file
