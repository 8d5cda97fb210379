"""Blind probes: what a model knows of a task from its instruction alone (`runner.probes`), seen against unseen.

Only the difference hints at memory: a good issue lets anybody guess a file.
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.measures.base import Measure, Observe, Seen, as_rate
from runner.measures.memory import as_gap, may_have_seen
from runner.measures.record import Record

DIMENSION = "Blind probes"
NOTE = (
    "Asked without tools or a look at the repository. A good issue lets anybody guess a file, so that only the "
    "difference between seen and unseen scenarios hints at memory."
)
"""What a reader of a report must know of these numbers."""
SCORES = {
    "file_hit_1": (
        "file of the fault, first guess",
        "The first place that is named lies in a file of the fault that the issue does not name.",
    ),
    "file_hit_3": (
        "file of the fault, in three",
        "One of three places that are named lies in a file of the fault that the issue does not name.",
    ),
    "symbol_hit_3": (
        "symbol of the fault, in three",
        "One of three places that are named is the fault's, where the issue names it not.",
    ),
    "completion": ("rest of the fix", "Twice the tokens in common with the end of the fix, in order, of both's."),
    "files": (
        "files recited",
        "F1 of the paths that are named, up to 100, and as many of the repository's, without those in the issue.",
    ),
    "canary": ("canary known", "The task's canary string is said, which the issue does not hold: its file was read."),
}
"""Score of an answer → its title and definition."""


def blind(probe: Record) -> bool:
    """Blind probes, which are no trials."""
    return probe.probed is not None


def _of(score: str, seen: bool | None, definition: str) -> Observe:
    """Of scenarios that the model may have seen, cannot have seen, or of both with `of` as the group."""

    def observe(probe: Record) -> Iterator[Seen]:
        may = may_have_seen(probe)
        if probe.probed is None or probe.impossible or score not in probe.probed.scores:
            return
        if may is None or seen not in (None, may):
            return
        group = float(may) if seen is None else 1.0
        yield Seen(probe.probed.scores[score], group, (probe.probed.step,))

    observe.__doc__ = f"{definition} Asked without tools. SWE-Bench Illusion 2025."
    return observe


def _measures() -> Iterator[Measure]:
    for score, (title, definition) in SCORES.items():
        for name, words, seen in (("seen", "seen", True), ("unseen", "unseen", False)):
            observe = _of(score, seen, definition)
            yield Measure(
                f"probe_{score}_{name}", f"{title}, {words}", "percent", as_rate, blind, observe, tasks="probe"
            )
        gap = _of(score, None, definition)
        yield Measure(f"probe_{score}_gap", f"{title}, seen - unseen", "points", as_gap, blind, gap, tasks="probe")


MEASURES = tuple(_measures())
