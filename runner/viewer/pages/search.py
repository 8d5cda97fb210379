"""Search: a box, the queries that were saved, and steps in context with their links."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from runner.arms import of_twin
from runner.effects import MEANS, RISK
from runner.errors import UserError
from runner.reading.originals import PROSE_TYPES, Originals
from runner.results import TrialKey
from runner.search.finding import TRIALS, Found, Step, find
from runner.search.finding import Trial as FoundTrial
from runner.search.index import Index
from runner.search.labelled import labelled
from runner.search.query import ERROR_MEANINGS, FIELDS, TYPES, parse
from runner.search.saved import SavedQueries
from runner.viewer.chips import MARKS
from runner.viewer.forms import Form
from runner.viewer.indexing import Indexing, Work
from runner.viewer.known import told_back
from runner.viewer.place import Place, trial_href

PATIENCE = 1.0
"""Seconds that a search waits for what is new in the transcripts."""


@dataclass(frozen=True)
class Answer:
    """What is shown of a query."""

    found: Found | None = None
    milliseconds: float = 0.0
    problems: tuple[str, ...] = ()
    reading: tuple[int, int] | None = None
    """Transcripts that have been read, and of how many, while new ones still are; None once all are."""


def routes(place: Place) -> list[Route]:
    index = Index()
    indexing = Indexing(index)
    saved = SavedQueries(next((run.path.parent for run in place.runs.values()), Path("runs")))

    def slugs() -> dict[str, str]:
        return {str(run.path): slug for slug, run in place.runs.items()}

    def href(trial: FoundTrial, step: Step | None = None) -> str:
        """Of a trial, or of an attempt that was set aside; empty for a folder that is neither by its name."""
        name, _, aside = trial.place.removeprefix("trials/").partition("/attempts/")
        if aside and not (aside.isascii() and aside.isdigit() and len(aside) < 9):
            return ""
        at = f"?at={step.step}#s{step.step}" if step is not None else ""
        return f"{trial_href(slugs()[trial.run], name, int(aside) if aside else None)}{at}"

    def shown(query: str, answer: Answer, skip: int = 0, status: int = 200) -> Response:
        more = answer.found is not None and skip + len(answer.found.shown) < answer.found.trials
        try:
            known = saved.all()
        except UserError as error:
            known, answer = {}, replace(answer, problems=(*answer.problems, str(error)))
        read = _read(place, answer.found.shown if answer.found is not None else ())
        return place.page(
            "search.html.jinja",
            status,
            query=query,
            answer=answer,
            saved=known,
            href=href,
            originals=lambda trial: read.names.get(_subject(trial)),
            are_others=any(read.names.values()),
            lost=read.lost,
            prose=PROSE_TYPES,
            marks=MARKS,
            fields=FIELDS,
            errors=ERROR_MEANINGS,
            effects=[(effect, f"R{int(RISK[effect])}", words) for effect, words in MEANS.items()],
            verdicts=[(name, words) for name, (_, words) in MARKS.items()],
            types=TYPES,
            later=f"/search?{urlencode({'q': query, 'skip': skip + TRIALS})}" if more else "",
        )

    def search(request: Request) -> Response:
        query = request.query_params.get("q", "").encode("utf-8", "replace").decode("utf-8")
        skip = request.query_params.get("skip", "0")
        start = int(skip) if skip.isascii() and skip.isdigit() and len(skip) < 10 else 0
        place.look_again()
        runs = [run.path for run in place.runs.values()]
        try:
            if not query.strip():
                indexing.refresh(runs, 0)
                return shown("", Answer())
            work = indexing.refresh(runs, PATIENCE)
            return shown(query, _answer(index, work, query, runs, start), start)
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


@dataclass
class _Read:
    """Run, scenario and arm → what a twin's names are in the original; what is to be said where nobody knows that."""

    names: dict[tuple[str, str, str], Originals] = field(default_factory=dict)
    lost: str = ""


def _subject(trial: FoundTrial) -> tuple[str, str, str]:
    return trial.run, trial.scenario, trial.arm


def _read(place: Place, found: Sequence[FoundTrial]) -> _Read:
    read = _Read()
    runs = {str(run.path): run for run in place.runs.values()}
    for trial in found:
        if of_twin(trial.arm) and (subject := _subject(trial)) not in read.names and trial.run in runs:
            key = TrialKey(scenario=trial.scenario, model=trial.model, arm=trial.arm, repeat=trial.repeat)
            read.names[subject], lost = told_back(runs[trial.run], key)
            read.lost = read.lost or lost
    return read


def _answer(index: Index, work: Work, text: str, runs: list[Path], skip: int) -> Answer:
    """Of what is read by now. Raises UserError for a query that means nothing, or an index that cannot be used."""
    query = parse(text)
    problems: list[str] = []
    if work.result is not None and work.result.unread:
        problems.append(f"{work.result.unread} lines of transcripts are no steps of this version and were left out.")
    began = time.perf_counter()
    found = find(index, query, runs, labelled=list(labelled(query, runs, problems.append)), skip=skip)
    reading = None if work.ended.is_set() else (work.done, work.of)
    return Answer(found, (time.perf_counter() - began) * 1000, tuple(problems), reading)
