"""What readers say: a form at each step, all labels of a run with the readers' agreement, and the same as CSV."""

from __future__ import annotations

import getpass
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from runner.errors import FileProblem, UserError
from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRefused, Decided
from runner.labels.agreement import agreements
from runner.labels.file import LabelFile, reader_name
from runner.labels.mark import KNOWN, Mark, RightAnswer
from runner.labels.steps import place as place_of
from runner.labels.table import Line, lines, written
from runner.reading.originals import is_prose
from runner.report.steps import parts
from runner.viewer.forms import Form
from runner.viewer.known import labels_of, originals_of
from runner.viewer.place import Place, Trial, of_trial, trial_href

READER = "taskfit_reader"
"""The cookie that remembers who reads here."""
ANSWERS: dict[str, RightAnswer | None] = {"": None, "approve": "approve", "deny": "deny"}
ASKS = {"": None, "yes": True, "no": False}


def routes(place: Place) -> list[Route]:
    def at_step(request: Request) -> Response:
        return _form(place, request)

    def add(request: Request, form: Form) -> Response:
        trial, step = _asked(place, request)
        reader = form.get("reader", "")
        try:
            _add(trial, step, form)
        except UserError as error:
            return _form(place, request, str(error), reader)
        answer = RedirectResponse(f"{trial.href}/steps/{step}/labels", 303)
        answer.set_cookie(READER, quote(reader_name(reader)), max_age=31_536_000, httponly=True, samesite="strict")
        return answer

    def withdraw(request: Request, form: Form) -> Response:
        trial, step = _asked(place, request)
        try:
            LabelFile(trial.run.path).withdraw(form.get("mark", ""), form.get("reader", ""))
        except UserError as error:
            return _form(place, request, str(error), form.get("reader", ""))
        return RedirectResponse(f"{trial.href}/steps/{step}/labels", 303)

    def all_of_them(request: Request) -> Response:
        slug: str = request.path_params["run"]
        found, marks, problems = _lines(place, slug)
        return place.page(
            "labels.html.jinja",
            slug=slug,
            lines=[(line, _href(slug, line)) for line in found],
            agreements=agreements(marks),
            problems=problems,
            known=KNOWN,
        )

    def as_csv(request: Request) -> Response:
        slug: str = request.path_params["run"]
        found, _, _ = _lines(place, slug)
        named = "".join(each if each.isascii() and (each.isalnum() or each in "-_.") else "_" for each in slug)
        headers = {"Content-Disposition": f'attachment; filename="{named}-labels.csv"'}
        return Response(written(found), media_type="text/csv", headers=headers)

    step = "/steps/{step:int}/labels"
    return [
        *of_trial(step, at_step),
        *of_trial(step, place.forms.handler(add), ["POST"]),
        *of_trial(f"{step}/withdrawn", place.forms.handler(withdraw), ["POST"]),
        Route("/runs/{run}/labels", all_of_them),
        Route("/runs/{run}/labels.csv", as_csv),
    ]


def _asked(place: Place, request: Request) -> tuple[Trial, int]:
    return place.asked(request), request.path_params["step"]


def _form(place: Place, request: Request, problem: str = "", reader: str = "") -> Response:
    """The step, what readers have said of it, and the form."""
    trial, step = _asked(place, request)
    with place.shelf.lines(trial.file, trial.row.key) as all_lines:
        try:
            event = all_lines.event(step)
        except IndexError:
            raise HTTPException(404, f"{trial.name} has no step {step}; it has {len(all_lines)}.") from None
        last = len(all_lines) - 1
    title, _, body = parts(event)
    originals, lost = originals_of(trial)
    return place.page(
        "label.html.jinja",
        400 if problem else 200,
        trial=trial,
        step=step,
        last=last,
        title=title,
        body=body,
        is_prose=is_prose(event),
        originals=originals,
        lost=lost,
        is_approval=_is_approval(event),
        marks=labels_of(trial).get(step, []),
        known=KNOWN,
        reader=reader or _reader(request),
        problem=problem,
    )


def _add(trial: Trial, step: int, form: Form) -> None:
    """Raises UserError for what cannot be kept."""
    answer, ask = form.get("answer", ""), form.get("ask", "")
    if answer not in ANSWERS or ask not in ASKS:
        raise UserError("an answer is approve or deny; whether it should have been asked for is yes or no")
    LabelFile(trial.run.path).add(
        place_of(trial.file, step),
        form.get("reader", ""),
        label=form.get("own", "").strip() or form.get("label", ""),
        note=form.get("note", ""),
        answer=ANSWERS[answer],
        ask=ASKS[ask],
    )


def _is_approval(event: AnyEvent) -> bool:
    """Whether somebody could have asked, or did."""
    return isinstance(event, CallProposed | CallRefused | Decided)


def _reader(request: Request) -> str:
    """Who said something here before, else whoever is logged in."""
    for name in (unquote(request.cookies.get(READER, "")), _login()):
        with suppress(UserError):
            return reader_name(name)
    return ""


def _login() -> str:
    with suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    return ""


def _lines(place: Place, slug: str) -> tuple[list[Line], list[Mark], list[str]]:
    run = place.run(slug).path
    problems: list[str] = []
    try:
        marks = LabelFile(run).marks(problems.append)
    except FileProblem as error:
        return [], [], [str(error)]
    return lines(run, marks), marks, problems


def _href(slug: str, line: Line) -> str:
    """Of the step; empty where it is gone."""
    folder = Path(line.link.rpartition("@")[0])
    if line.step is None:
        return ""
    aside = int(folder.name) if folder.parent.name == "attempts" and folder.name.isdecimal() else None
    return f"{trial_href(slug, line.trial, aside)}?at={line.step}#s{line.step}"
