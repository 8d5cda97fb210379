"""One trial: its head, its time line, and its turns, some at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runner.arms import CONTROL
from runner.errors import FileProblem
from runner.reading.marks import marks
from runner.reading.reader import Reading
from runner.reading.signs import signs
from runner.reading.turns import Part
from runner.results import TrialResult
from runner.runs.ledger import Row
from runner.viewer.chips import MARKS, Chip, chip
from runner.viewer.known import known, originals_of
from runner.viewer.links import Links, Served
from runner.viewer.place import Place, Trial, of_trial, trial_href
from runner.viewer.timeline import timeline
from runner.viewer.words import failing

AT_ONCE = 30
"""Parts of a trial on a page; the next ones are fetched when the reader comes to them."""
ITEMS_AT_ONCE = 400
"""Calls and other steps in these parts, at most, where there is more than one part."""
NEIGHBOURS = 400
"""Trials of the scenario that are linked at most."""
RESOLVING = 6
"""Models whose resolving trial is offered beside a failed one."""


@dataclass(frozen=True)
class Chunk:
    """The parts on a page, and the addresses of those before and behind."""

    first: int
    parts: Sequence[Part]
    earlier: str
    later: str


def routes(place: Place) -> list[Route]:
    def trial(request: Request) -> Response:
        seen = place.asked(request)
        if not seen.begun:
            return place.page("unbegun.html.jinja", trial=seen, chip=chip(seen), problem=_result(seen)[1])
        rows = place.rows(seen.slug)
        with place.shelf.reading(seen.file, seen.row.key) as reading:
            first = _first(request, reading)
            live = seen.attempt is None and seen.row.state == "running" and reading.finished is None
            chunk = _chunk(reading, seen, first)
            links = Served(seen, known(seen, chunk.parts, place.workspaces, not live))
            neighbours = _neighbours(rows, seen)
            return place.page(
                "trial.html.jinja",
                **head(reading, seen, links, _forked_href(place, reading)),
                twin=_twin(rows, seen),
                here=neighbours.pop(seen.row.key.arm, {}),
                elsewhere=neighbours,
                resolving=_resolving(rows, seen) if _has_failed(seen, reading) else (),
                chunk=chunk,
                live=live,
                lost=originals_of(seen)[1],
            )

    return of_trial("", trial)


def head(reading: Reading, trial: Trial, links: Links, forked_href: str = "") -> Mapping[str, Any]:
    """What the head of a trial's page and its time line show."""
    result, problem = _result(trial)
    found = sorted([*marks(reading.parts), *links.known.signs(reading)], key=lambda mark: mark.step)
    verdict = reading.finished.verdict if reading.finished else trial.row.verdict if trial.attempt is None else None
    return {
        "trial": trial,
        "key": trial.row.key,
        "reading": reading,
        "record": reading.record,
        "result": result,
        "problem": problem,
        "verdict": verdict,
        "mark": MARKS[verdict] if verdict else ("…", trial.row.state if trial.attempt is None else "it came to no end"),
        "signs": signs(reading) if verdict != "resolved" else [],
        "failing": failing(reading.graded) if reading.graded else [],
        "timeline": timeline(reading, found),
        "links": links,
        "attempts": _attempts(trial),
        "forked_href": forked_href,
    }


def _attempts(trial: Trial) -> list[tuple[str, str]]:
    """Number and address of each attempt, where there are several; no address for the one that is shown."""
    earlier = trial.earlier
    if not earlier:
        return []
    found = [(str(number), trial_href(trial.slug, trial.name, number)) for number in earlier]
    found.append(("the last", trial_href(trial.slug, trial.name)))
    return [(number, "" if href == trial.href else href) for number, href in found]


def _forked_href(place: Place, reading: Reading) -> str:
    """Of the step that the trial goes on from, where its run is viewed."""
    fork = reading.forked
    if fork is None or fork.run not in place.runs:
        return ""
    return f"{trial_href(fork.run, fork.trial.name)}?at={fork.at_step}#s{fork.at_step}"


def _twin(rows: Sequence[Row], trial: Trial) -> str:
    """This trial beside the one of its control arm: without the fault, before the challenge."""
    wanted = trial.row.key.model_copy(update={"arm": CONTROL})
    if trial.attempt is not None or wanted == trial.row.key or not any(row.key == wanted for row in rows):
        return ""
    return Served(trial).beside(wanted.name) if trial.run.trial(wanted).joinpath("events.jsonl").is_file() else ""


def _result(trial: Trial) -> tuple[TrialResult | None, str]:
    if trial.attempt is not None:
        return None, ""
    try:
        return trial.run.result(trial.row.key), ""
    except FileProblem as error:
        return None, str(error)


def _first(request: Request, reading: Reading) -> int:
    """A part of the page: the one asked for, or the one that holds the step asked for."""
    if (at := request.query_params.get("at", "")).isascii() and at.isdigit() and len(at) < 10:
        return reading.part_of(int(at))
    start = request.query_params.get("from", "")
    known = int(start) if start.isascii() and start.isdigit() and len(start) < 10 else 0
    return min(known, max(0, len(reading.parts) - 1))


def _chunk(reading: Reading, trial: Trial, asked: int) -> Chunk:
    """The page of parts that holds this one."""
    starts = _starts(reading.parts)
    at = bisect_right(starts, asked) - 1
    first, later = starts[at], starts[at + 1] if at + 1 < len(starts) else None
    return Chunk(
        first,
        reading.parts[first:later],
        f"{trial.href}?from={starts[at - 1]}#parts" if at else "",
        f"{trial.href}?from={later}#parts" if later is not None else "",
    )


def _starts(parts: Sequence[Part]) -> list[int]:
    """Where the pages of a trial begin: after so many parts, or so many items in them."""
    starts, items = [0], 0
    for at, part in enumerate(parts):
        if at - starts[-1] >= AT_ONCE or (at > starts[-1] and items + len(part.items) > ITEMS_AT_ONCE):
            starts.append(at)
            items = 0
        items += len(part.items)
    return starts


def _neighbours(rows: Sequence[Row], trial: Trial) -> dict[str, dict[str, list[tuple[Chip, bool]]]]:
    """Arm → model → the marks of its trials at the same scenario, and whether each is this one."""
    found: dict[str, dict[str, list[tuple[Chip, bool]]]] = {}
    of_scenario = [row for row in rows if row.key.scenario == trial.row.key.scenario]
    for row in of_scenario[:NEIGHBOURS]:
        mark = chip(Trial(trial.slug, trial.run, row))
        found.setdefault(row.key.arm, {}).setdefault(row.key.model, []).append((mark, row.key == trial.row.key))
    return found


def _has_failed(trial: Trial, reading: Reading) -> bool:
    verdict = reading.finished.verdict if reading.finished else None
    return trial.attempt is None and verdict in ("unresolved", "agent_limit", "tampered")


def _resolving(rows: Sequence[Row], trial: Trial) -> Sequence[tuple[str, str]]:
    """Models that resolve the scenario in the trial's arm, its own first, with the address of one beside this trial."""
    mine = trial.row.key
    found: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: row.key.model != mine.model):
        key = row.key
        if row.verdict != "resolved" or (key.scenario, key.arm) != (mine.scenario, mine.arm) or key.model in found:
            continue
        if Trial(trial.slug, trial.run, row).begun:
            found[key.model] = f"{trial.href}/beside?{urlencode({'with': key.name})}"
    return [(href, model) for model, href in found.items()][:RESOLVING]
