"""Two trials of one scenario side by side, from where they part; and the difference of their patches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runner.alignment import Alignment, Exchange, Kind, Row, beside
from runner.errors import FileProblem
from runner.events.conversation import Replied
from runner.reading.diffs import side_by_side
from runner.reading.excerpt import Excerpt, excerpt
from runner.reading.originals import is_prose
from runner.regular import opened
from runner.report.steps import parts
from runner.runs.ledger import Row as LedgerRow
from runner.viewer.chips import Chip, chip
from runner.viewer.known import originals_of
from runner.viewer.place import Place, Trial, of_trial

AT_ONCE = 200
"""Rows on a page."""
ROOM = 0.4
"""Of a step's text, against its own page's."""
LARGEST_PATCH = 400_000
"""Bytes."""
SAID: dict[Kind, str] = {
    "same": "the same",
    "answer": "the same action, answered otherwise",
    "other": "something else",
    "left": "the left one alone",
    "right": "the right one alone",
}


@dataclass(frozen=True)
class Line:
    """One step in a column."""

    href: str
    step: int
    title: str
    style: str
    is_prose: bool
    text: Excerpt | None


@dataclass(frozen=True)
class Shown:
    """A row: the steps of either side."""

    kind: Kind
    said: str
    left: Sequence[Line]
    right: Sequence[Line]


def routes(place: Place) -> list[Route]:
    def compare(request: Request) -> Response:
        one = place.asked(request)
        name = request.query_params.get("with")
        if name is None:
            return place.page("beside.html.jinja", one=one, others=_others(place, one))
        other = place.trial(request.query_params.get("run", one.slug), name)
        for trial in (one, other):
            if not trial.file.is_file():
                raise HTTPException(404, f"{trial.name} has not begun, so nothing can stand beside it.")
        found = beside(one.file, other.file)
        start = request.query_params.get("from", "")
        parted = len(found.rows) if found.parted is None else found.parted
        first = int(start) if start.isascii() and start.isdigit() and len(start) < 8 else parted
        later = first + AT_ONCE
        again = {"with": name, "run": other.slug}
        originals, lost = zip(originals_of(one), originals_of(other), strict=True)
        return place.page(
            "compare.html.jinja",
            one=one,
            other=other,
            chips=(chip(one), chip(other)),
            alike=parted,
            parted=found.parted is not None,
            first=first,
            rows=[_shown(row, one, other, found) for row in found.rows[first:later]],
            alike_href=f"{one.href}/beside?{urlencode({**again, 'from': 0})}" if parted and first else "",
            later=f"{one.href}/beside?{urlencode({**again, 'from': later})}" if later < len(found.rows) else "",
            patches=_patches(one, other),
            originals=originals,
            lost=lost,
        )

    return of_trial("/beside", compare)


def _others(place: Place, one: Trial) -> dict[str, list[tuple[str, Chip]]]:
    """Run → address and mark of each other trial of the scenario that has begun, those first that differ least."""
    found: dict[str, list[tuple[LedgerRow, tuple[str, Chip]]]] = {}
    for slug, run in place.runs.items():
        try:
            rows = place.rows(slug)
        except FileProblem:
            continue
        for row in rows:
            trial = Trial(slug, run, row)
            is_other = (slug, row.key) != (one.slug, one.row.key)
            if is_other and row.key.scenario == one.row.key.scenario and trial.file.is_file():
                query = urlencode({"with": trial.name, "run": slug})
                found.setdefault(slug, []).append((row, (f"{one.href}/beside?{query}", chip(trial))))
    return {
        slug: [each for _, each in sorted(there, key=lambda it: _nearness(it[0], one))] for slug, there in found.items()
    }


def _nearness(row: LedgerRow, one: Trial) -> tuple[bool, bool, bool]:
    """The same arm first; in it the other verdict, which says most; in that the same model."""
    return row.key.arm != one.row.key.arm, row.verdict == one.row.verdict, row.key.model != one.row.key.model


def _shown(row: Row, left: Trial, right: Trial, found: Alignment) -> Shown:
    of_left = right if row.left is not None and row.left.inherited else left
    of_right = left if row.right is not None and row.right.inherited else right
    return Shown(row.kind, SAID[row.kind], _lines(row.left, of_left), _lines(row.right, of_right))


def _lines(exchange: Exchange | None, trial: Trial) -> list[Line]:
    if exchange is None:
        return []
    lines = []
    for event in exchange.events:
        if isinstance(event, Replied) and event is not exchange.head and not event.reply.message.text:
            continue
        title, style, body = parts(event)
        text = excerpt(body, ROOM) if body else None
        lines.append(
            Line(
                trial.step_href(event.step),
                event.step,
                title,
                style.split()[-1] if style else "",
                is_prose(event),
                text,
            )
        )
    return lines


def _patches(one: Trial, other: Trial) -> object:
    """The two patches side by side; a sentence where that cannot be."""
    texts = []
    for trial in (one, other):
        try:
            with opened(trial.folder / "patch.diff") as patch:
                found = patch.read(LARGEST_PATCH + 1)
        except OSError:
            return f"{trial.name} has left no patch that can be read."
        if len(found) > LARGEST_PATCH:
            return f"The patch of {trial.name} is too long to be shown here."
        texts.append(found.decode("utf-8", "replace"))
    if texts[0] == texts[1]:
        return "Both patches are the same."
    return side_by_side(texts[0], texts[1]) or "The patches are too long to be shown here."
