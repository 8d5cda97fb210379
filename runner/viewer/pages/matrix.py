"""One run: a matrix of scenario × model, with a mark for each repeat and arm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runner.results import TrialKey
from runner.viewer.asking import waiting
from runner.viewer.chips import FORKED, MARKS, STATES, Chip, chip
from runner.viewer.place import Place, Trial


@dataclass(frozen=True)
class Line:
    """A row of the matrix: a scenario in an arm, and the chips of each model."""

    scenario: str
    arm: str
    first: bool
    """Whether the scenario's name stands here."""
    arms: int
    """Rows of this scenario."""
    cells: Sequence[Sequence[Chip]]


def routes(place: Place) -> list[Route]:
    def matrix(request: Request) -> Response:
        slug: str = request.path_params["run"]
        run, rows = place.run(slug), place.rows(slug)
        models = list(dict.fromkeys(row.key.model for row in rows))
        chips = [(row.key, chip(Trial(slug, run, row))) for row in rows]
        return place.page(
            "matrix.html.jinja",
            slug=slug,
            models=models,
            lines=lines(chips),
            arms=len({row.key.arm for row in rows}),
            planned=len(rows),
            done=sum(row.state == "done" for row in rows),
            waiting=len(waiting(run)),
            running=any(row.state == "running" for row in rows),
            marks=legend(mark for _, mark in chips),
        )

    return [Route("/runs/{run}", matrix)]


def legend(chips: Iterable[Chip]) -> Mapping[str, tuple[str, str]]:
    """The marks that these trials have, and what each means."""
    shown = list(chips)
    kinds = {mark.kind for mark in shown}
    every: dict[str, tuple[str, str]] = {**MARKS, **STATES}
    found = {name: pair for name, pair in every.items() if name in kinds}
    if any(mark.origin for mark in shown):
        found["forked"] = FORKED
    return found


def lines(chips: Iterable[tuple[TrialKey, Chip]]) -> list[Line]:
    """The matrix of trials that are marked so, in their order."""
    cells: defaultdict[tuple[str, str], defaultdict[str, list[Chip]]] = defaultdict(lambda: defaultdict(list))
    arms: defaultdict[str, dict[str, None]] = defaultdict(dict)
    models: dict[str, None] = {}
    for key, mark in chips:
        arms[key.scenario][key.arm] = models[key.model] = None
        cells[key.scenario, key.arm][key.model].append(mark)
    return [
        Line(scenario, arm, at == 0, len(named), [cells[scenario, arm][model] for model in models])
        for scenario, named in arms.items()
        for at, arm in enumerate(named)
    ]
