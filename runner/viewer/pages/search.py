"""Search: a box, the queries that were saved, and steps in context with their links."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from runner.errors import UserError
from runner.search.finding import TRIALS, Found, Step, find
from runner.search.finding import Trial as FoundTrial
from runner.search.index import Index
from runner.search.labelled import labelled
from runner.search.query import ERRORS, FIELDS, parse
from runner.search.saved import SavedQueries
from runner.viewer.forms import Form
from runner.viewer.pages.matrix import MARKS
from runner.viewer.place import Place, run_href


@dataclass(frozen=True)
class Answer:
    """What is shown of a query."""

    found: Found | None = None
    milliseconds: float = 0.0
    problems: tuple[str, ...] = ()


def routes(place: Place) -> list[Route]:
    index = Index()
    runs = [run.path for run in place.runs.values()]
    saved = SavedQueries(runs[0].parent if runs else Path("runs"))
    slugs = {str(run.path): slug for slug, run in place.runs.items()}

    def href(trial: FoundTrial, step: Step | None = None) -> str:
        """Of a trial's own transcript; those of earlier attempts have no page."""
        _, _, name = trial.place.partition("/")
        if "/" in name:
            return ""
        at = f"?at={step.step}#s{step.step}" if step is not None else ""
        return f"{run_href(slugs[trial.run])}/trials/{quote(name, safe='')}{at}"

    def shown(query: str, answer: Answer, skip: int = 0, status: int = 200) -> Response:
        more = answer.found is not None and skip + len(answer.found.shown) < answer.found.trials
        try:
            known = saved.all()
        except UserError as error:
            known, answer = {}, Answer(answer.found, answer.milliseconds, (*answer.problems, str(error)))
        return place.page(
            "search.html.jinja",
            status,
            query=query,
            answer=answer,
            saved=known,
            href=href,
            marks=MARKS,
            fields=FIELDS,
            errors=ERRORS,
            later=f"/search?{urlencode({'q': query, 'skip': skip + TRIALS})}" if more else "",
        )

    def search(request: Request) -> Response:
        query = request.query_params.get("q", "").encode("utf-8", "replace").decode("utf-8")
        skip = request.query_params.get("skip", "0")
        start = int(skip) if skip.isascii() and skip.isdigit() and len(skip) < 10 else 0
        if not query.strip():
            return shown("", Answer())
        try:
            return shown(query, _answer(index, query, runs, start), start)
        except UserError as error:
            return shown(query, Answer(problems=(str(error),)), status=400)

    def keep(request: Request, form: Form) -> Response:
        query = form.get("q", "")
        try:
            if "forget" in form:
                saved.forget(form["forget"])
            else:
                saved.save(form.get("name", "").strip(), query)
        except UserError as error:
            return shown(query, Answer(problems=(str(error),)), status=400)
        return RedirectResponse(f"/search?{urlencode({'q': query})}" if query else "/search", 303)

    return [Route("/search", search), Route("/search/saved", place.forms.handler(keep), methods=["POST"])]


def _answer(index: Index, text: str, runs: list[Path], skip: int) -> Answer:
    """Raises UserError for a query that means nothing, or an index that cannot be used."""
    query = parse(text)
    problems: list[str] = []
    refreshed = index.refresh(runs)
    if refreshed.unread:
        problems.append(f"{refreshed.unread} lines of transcripts are no steps of this version and were left out.")
    began = time.perf_counter()
    found = find(index, query, runs, labelled=list(labelled(query, runs, problems.append)), skip=skip)
    return Answer(found, (time.perf_counter() - began) * 1000, tuple(problems))
