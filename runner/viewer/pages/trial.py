"""One trial: its head, its time line, and its turns, some at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runner.errors import FileProblem
from runner.reading.marks import Mark, marks
from runner.reading.reader import Reading
from runner.reading.signs import signs
from runner.results import TrialResult
from runner.viewer.links import Links, Served
from runner.viewer.pages.matrix import MARKS, Chip, chip
from runner.viewer.place import Place, Trial
from runner.viewer.timeline import timeline
from runner.viewer.words import failing

AT_ONCE = 30
"""Parts of a trial on a page; the next ones are fetched when the reader comes to them."""
NEIGHBOURS = 400
"""Trials of the scenario that are linked at most."""


@dataclass(frozen=True)
class Chunk:
    """The parts on a page, and the addresses of those before and behind."""

    first: int
    parts: Sequence[Any]
    earlier: str
    later: str


def routes(place: Place) -> list[Route]:
    def trial(request: Request) -> Response:
        seen = place.trial(request.path_params["run"], request.path_params["trial"])
        if not seen.begun:
            return place.page("unbegun.html.jinja", trial=seen, chip=chip(seen), problem=_result(seen)[1])
        with place.shelf.reading(seen.file, seen.row.key) as reading:
            first = _first(request, reading)
            return place.page(
                "trial.html.jinja",
                **head(reading, seen, Served(seen)),
                neighbours=_neighbours(place, seen),
                chunk=_chunk(reading, seen, first),
                live=seen.row.state == "running" and reading.finished is None,
            )

    return [Route("/runs/{run}/trials/{trial}", trial)]


def head(reading: Reading, trial: Trial, links: Links) -> Mapping[str, Any]:
    """What the head of a trial's page and its time line show."""
    result, problem = _result(trial)
    found: list[Mark] = marks(reading.parts)
    verdict = reading.finished.verdict if reading.finished else trial.row.verdict
    return {
        "trial": trial,
        "key": trial.row.key,
        "reading": reading,
        "record": reading.record,
        "result": result,
        "problem": problem,
        "verdict": verdict,
        "mark": MARKS[verdict] if verdict else ("…", trial.row.state),
        "signs": signs(reading) if verdict != "resolved" else [],
        "failing": failing(reading.graded) if reading.graded else [],
        "timeline": timeline(reading, found),
        "links": links,
    }


def _result(trial: Trial) -> tuple[TrialResult | None, str]:
    try:
        return trial.run.result(trial.row.key), ""
    except FileProblem as error:
        return None, str(error)


def _first(request: Request, reading: Reading) -> int:
    """The first part of the page: the one asked for, or the page of parts that holds the step asked for."""
    if (at := request.query_params.get("at", "")).isascii() and at.isdigit() and len(at) < 10:
        return reading.part_of(int(at)) // AT_ONCE * AT_ONCE
    start = request.query_params.get("from", "")
    known = int(start) if start.isascii() and start.isdigit() and len(start) < 10 else 0
    return min(known, max(0, len(reading.parts) - 1)) // AT_ONCE * AT_ONCE


def _chunk(reading: Reading, trial: Trial, first: int) -> Chunk:
    later = first + AT_ONCE
    return Chunk(
        first,
        reading.parts[first:later],
        f"{trial.href}?from={first - AT_ONCE}#parts" if first else "",
        f"{trial.href}?from={later}#parts" if later < len(reading.parts) else "",
    )


def _neighbours(place: Place, trial: Trial) -> Mapping[str, Sequence[tuple[Chip, bool]]]:
    """Model → the marks of its trials at the same scenario, in all arms, and whether each is this one."""
    found: dict[str, list[tuple[Chip, bool]]] = {}
    rows = [row for row in place.rows(trial.slug) if row.key.scenario == trial.row.key.scenario]
    for row in rows[:NEIGHBOURS]:
        mark = chip(Trial(trial.slug, trial.run, row))
        found.setdefault(row.key.model, []).append((mark, row.key == trial.row.key))
    return found
