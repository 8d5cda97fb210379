"""A trial as one mark: sign and colour for the verdict, a shade for the stated confidence, a sign for its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Literal

from markupsafe import Markup, escape

from runner.errors import FileProblem, UserError
from runner.regular import opened
from runner.runs.folder import RunFolder
from runner.viewer.place import Trial
from runner.visible import visible

MARKS: Mapping[str, tuple[str, str]] = {
    "resolved": ("✓", "resolved"),
    "unresolved": ("✗", "unresolved"),
    "agent_limit": ("L", "at a limit"),
    "tampered": ("T", "tampered"),
    "infra_error": ("!", "infrastructure failed"),
    "invalid_scenario": ("?", "scenario invalid"),
    "imported": ("i", "imported, not graded"),
}
"""Verdict → a mark that needs no colour, and words."""
STATES: Mapping[str, tuple[str, str]] = {"running": ("…", "running"), "planned": ("·", "planned")}
"""The same for states of the ledger."""
FORKED = ("↳", "forked: begins within another trial")
SHADES = 4
"""Steps of confidence, from 0 to 1."""
BEGINNING = 4
"""Lines of a transcript that may say that it was forked."""

Origin = Literal["", "forked"]


@dataclass(frozen=True)
class Chip:
    """One trial in the matrix."""

    href: str
    kind: str
    """A verdict, or a state of the ledger."""
    mark: str
    words: str
    shade: int | None
    """Stated confidence, 0 to `SHADES`; None where none was stated."""
    origin: Origin = ""

    def html(self, current: bool = False) -> Markup:
        """The link; by hand, since a matrix has thousands."""
        shade = f" c{self.shade}" if self.shade is not None else ""
        sign = f"{FORKED[0]}{self.mark}" if self.origin == "forked" else self.mark
        words, here = escape(visible(self.words)), ' aria-current="page"' if current else ""
        start = f'<a class="chip v-{escape(self.kind)}{shade}" href="{escape(visible(self.href))}"'
        return Markup(f'{start} title="{words}" aria-label="{words}"{here}>{escape(visible(sign))}</a>')


def chip(trial: Trial) -> Chip:
    """How a trial is marked wherever it is named."""
    row = trial.row
    name = f"{row.key.model}, {row.key.scenario}, {row.key.arm}, repeat {row.key.repeat}"
    origin: Origin = "forked" if _has_forks(trial.run) and _forked(trial.file) else ""
    made = f", {FORKED[1]}" if origin else ""
    if trial.attempt is not None:
        return Chip(trial.href, "planned", "a", f"attempt {trial.attempt}, set aside{made}: {name}", None, origin)
    if row.state != "done" or row.verdict is None:
        return Chip(trial.href, row.state, STATES.get(row.state, "·")[0], f"{row.state}{made}: {name}", None, origin)
    mark, words = MARKS[row.verdict]
    confidence = _confidence(trial)
    said = f", confidence {confidence:g}" if confidence is not None else ""
    shade = round(confidence * SHADES) if confidence is not None else None
    return Chip(trial.href, row.verdict, mark, f"{words}{said}{made}: {name}", shade, origin)


def _confidence(trial: Trial) -> float | None:
    try:
        result = trial.run.result(trial.row.key)
    except FileProblem:  # the trial's own page says so
        return None
    return result.submission.confidence if result is not None and result.submission is not None else None


def _has_forks(run: RunFolder) -> bool:
    """Whether any of a run's trials can be one."""
    try:
        return _lock_has_forks(run.path, run.lock_file.stat().st_mtime_ns)
    except OSError:
        return False


@lru_cache(maxsize=64)
def _lock_has_forks(run: Path, changed: int) -> bool:
    try:
        study = RunFolder(run).lock().get("study")
    except UserError:
        return False
    return isinstance(study, dict) and bool(study.get("forks"))


def _forked(transcript: Path) -> bool:
    try:
        with opened(transcript) as lines:
            return any(b'"type": "forked_from"' in line[:200] for line in islice(lines, BEGINNING))
    except OSError:
        return False
