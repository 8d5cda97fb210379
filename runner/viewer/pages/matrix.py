"""One run: a matrix of scenario × model, with a mark for each repeat and arm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runner.errors import FileProblem
from runner.results import TrialKey, Verdict
from runner.viewer.place import Place, Trial

MARKS: Mapping[Verdict, tuple[str, str]] = {
    "resolved": ("✓", "resolved"),
    "unresolved": ("✗", "unresolved"),
    "agent_limit": ("L", "at a limit"),
    "tampered": ("T", "tampered"),
    "infra_error": ("!", "infrastructure failed"),
    "invalid_scenario": ("?", "scenario invalid"),
}
"""Verdict → a mark that needs no colour, and words."""
SHADES = 4
"""Steps of confidence, from 0 to 1."""


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
        return place.page(
            "matrix.html.jinja",
            slug=slug,
            models=models,
            lines=lines((row.key, chip(Trial(slug, run, row))) for row in rows),
            arms=len({row.key.arm for row in rows}),
            planned=len(rows),
            done=sum(row.state == "done" for row in rows),
            running=any(row.state == "running" for row in rows),
            marks=MARKS,
        )

    return [Route("/runs/{run}", matrix)]


def chip(trial: Trial) -> Chip:
    """How a trial is marked wherever it is named."""
    row = trial.row
    name = f"{row.key.model}, {row.key.scenario}, {row.key.arm}, repeat {row.key.repeat}"
    if row.state != "done" or row.verdict is None:
        mark = "…" if row.state == "running" else "·"
        return Chip(trial.href, row.state, mark, f"{row.state}: {name}", None)
    mark, words = MARKS[row.verdict]
    confidence = _confidence(trial)
    said = f", confidence {confidence:g}" if confidence is not None else ""
    shade = round(confidence * SHADES) if confidence is not None else None
    return Chip(trial.href, row.verdict, mark, f"{words}{said}: {name}", shade)


def _confidence(trial: Trial) -> float | None:
    try:
        result = trial.run.result(trial.row.key)
    except FileProblem:  # the trial's own page says so
        return None
    return result.submission.confidence if result is not None and result.submission is not None else None


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
