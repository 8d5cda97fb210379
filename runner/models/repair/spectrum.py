"""Where a fault may be: the probe's answer, or the tracebacks' lines where the probe cannot run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.models.repair import probe

SECONDS = 60
"""How long the suite may take under the tracer."""
RAISED = 1.25
"""How much more a line counts for having raised; lines around a crash are where its cause is often seen."""
GUESSED = 0.3
"""Suspicion of the neighbourhood of a traceback's line when nothing was measured."""
NEIGHBOURHOOD = 12
"""Lines around a traceback's line that count as near."""


@dataclass(frozen=True)
class Spectrum:
    """Suspicion per line, and what was measured to know it."""

    scores: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    """Path → line → suspicion; Ochiai's 0..1, and more where an exception was raised."""
    failed: tuple[str, ...] = ()
    passed: int = 0

    def files(self) -> list[str]:
        """The suspicious files, the most suspicious first; among equals the one with fewer such lines."""
        return sorted(self.scores, key=lambda path: (-max(self.scores[path].values()), len(self.scores[path]), path))


def command() -> str:
    """The shell command that prints a spectrum of the workspace and leaves nothing behind."""
    source = Path(probe.__file__).read_text(encoding="utf-8")
    return f"python - <<'REPAIR_PROBE'\n{source}\nREPAIR_PROBE\n"


def measured(text: str) -> Spectrum:
    """The spectrum in the output of `command`; an empty one when it holds none."""
    _, mark, answer = text.rpartition(probe.MARK)
    if not mark:
        return Spectrum()
    try:
        return _read(json.loads(answer.splitlines()[0]))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return Spectrum()


def _read(answer: Any) -> Spectrum:
    raised = {(str(path), int(line)) for path, line in answer["raised"]}
    scores = {
        str(path): {int(line): float(score) * (RAISED if (path, int(line)) in raised else 1.0) for line, score in lines}
        for path, lines in answer["files"].items()
        if lines
    }
    return Spectrum(scores, tuple(map(str, answer["failed"])), int(answer["passed"]))


def guessed(frames: list[tuple[str, int]]) -> Spectrum:
    """A spectrum from tracebacks of failing tests alone: the nearer to a line shown, the more suspicious."""
    scores: dict[str, dict[int, float]] = {}
    for path, line in frames:
        if not probe.is_source(path):
            continue
        lines = scores.setdefault(path, {})
        for near in range(max(1, line - NEIGHBOURHOOD), line + NEIGHBOURHOOD + 1):
            score = GUESSED / (1 + abs(near - line))
            lines[near] = max(lines.get(near, 0.0), score)
    return Spectrum(scores)
