"""The runs that are viewed, the newest first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runner.errors import FileProblem
from runner.runs.folder import RunFolder
from runner.runs.ledger_view import look
from runner.viewer.asking import waiting
from runner.viewer.place import Place


@dataclass(frozen=True)
class Line:
    """One run of the list."""

    slug: str
    planned: int = 0
    done: int = 0
    running: int = 0
    waiting: int = 0
    """Requests that wait for a person."""
    models: int = 0
    scenarios: int = 0
    verdicts: tuple[tuple[str, int], ...] = ()
    usd: float = 0.0
    problem: str = ""


def routes(place: Place) -> list[Route]:
    def runs(request: Request) -> Response:
        place.look_again()
        newest = sorted(place.runs.items(), key=lambda item: _changed(item[1]), reverse=True)
        return place.page("runs.html.jinja", lines=[_line(slug, run) for slug, run in newest], live=place.grows)

    return [Route("/", runs)]


def _changed(run: RunFolder) -> float:
    try:
        return run.ledger_file.stat().st_mtime
    except OSError:
        return 0.0


def _line(slug: str, run: RunFolder) -> Line:
    try:
        seen = look(run.ledger_file)
    except FileProblem as error:
        return Line(slug, problem=str(error))
    states = Counter(row.state for row in seen.rows)
    return Line(
        slug,
        planned=len(seen.rows),
        done=states["done"],
        running=states["running"],
        waiting=len(waiting(run)),
        models=len({row.key.model for row in seen.rows}),
        scenarios=len({row.key.scenario for row in seen.rows}),
        verdicts=tuple(Counter(row.verdict or "" for row in seen.rows if row.verdict).most_common()),
        usd=sum(seen.usd.values()),
    )
