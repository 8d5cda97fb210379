"""Approvals of a running study: what waits for a person, each request with its effect and its diff, and the answer.

An answer may change the call: its arguments are filled in, what they make of it is shown with what the policy says to
that, and exactly what was shown can be approved.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from runner.approvals import Action, Decision
from runner.approvers.questions import Question, Questions
from runner.durations import brief
from runner.effects import RISK
from runner.errors import UserError
from runner.reading.diffs import side_by_side
from runner.reading.originals import Originals
from runner.results import TrialKey
from runner.runs.amending import Amended, amended, tool_of
from runner.runs.folder import RunFolder
from runner.viewer.arguments import Field, fields, filled, parsed, plain, read
from runner.viewer.asking import is_worked_on, waiting
from runner.viewer.forms import Form
from runner.viewer.known import held, told_back
from runner.viewer.place import Place, Trial, run_href

MOST_BYTES = 8 << 20
"""Of a form with a call's arguments: a mebibyte of any characters."""
FOREVER = 2**31
"""A step behind every other."""
ANSWERS = {
    "approve": Decision(outcome="approve", approver="human"),
    "deny": Decision(outcome="deny", approver="human", reason="denied"),
    "terminate": Decision(outcome="terminate", approver="human", reason="terminated by the approver"),
}


@dataclass(frozen=True)
class Waiting:
    """One request as it is shown."""

    question: Question
    effects: tuple[tuple[str, str], ...]
    """Effect and its risk, the worst first."""
    waits: str
    left: str
    href: str
    originals: Originals
    """What its trial's names are in the original, where it runs on a twin."""
    lost: str
    """What is to be said where nobody knows them any more."""


def routes(place: Place) -> list[Route]:
    def queue(request: Request) -> Response:
        return _queue(place, request.path_params["run"])

    def one(request: Request) -> Response:
        slug = request.path_params["run"]
        asked = _waiting(place, slug)
        found = _asked(request, asked)
        if found is None:
            return _gone(place, request)
        action = found.question.request.action
        return place.page(
            "approval.html.jinja",
            slug=slug,
            it=found,
            action=action,
            diff=_diff(place, slug, found.question.trial, action),
            preview=_preview(action),
            more=len(asked) - 1,
        )

    def arguments(request: Request) -> Response:
        found = _asked(request, _waiting(place, request.path_params["run"]))
        if found is None:
            return _gone(place, request)
        try:
            given = fields(tool_of(found.question), found.question.request.action.arguments)
        except UserError as error:
            return _queue(place, request.path_params["run"], str(error), 409)
        return _form(place, request, found, given)

    def become(request: Request, form: Form) -> Response:
        slug = request.path_params["run"]
        found = _asked(request, _waiting(place, slug))
        if found is None:
            return _gone(place, request)
        given: list[Field] = []
        try:
            given = filled(tool_of(found.question), form)
            became = amended(place.run(slug), found.question, read(given))
        except UserError as error:
            return _form(place, request, found, given, problem=str(error), status=400)
        if became.action.digest == found.question.request.action.digest:
            return _form(place, request, found, given, problem="These are the arguments that it has.", status=400)
        return _form(place, request, found, given, became)

    def answer(request: Request, form: Form) -> Response:
        slug, wanted = request.path_params["run"], request.path_params["id"]
        changes = form.get("outcome") == "modify"
        decision = ANSWERS.get(form.get("outcome", ""))
        if decision is None and not changes:
            return _queue(place, slug, "An answer is approve, modify, deny or terminate; nothing was decided.", 400)
        if not is_worked_on(place.run(slug)):
            return _queue(place, slug, "Nobody works on this run any more, so nothing was decided.", 409)
        if decision is None:
            found = _asked(request, _waiting(place, slug))
            if found is None:
                return _gone(place, request)
            try:
                decision = _as_shown(place.run(slug), found.question, form)
            except UserError as error:
                return _queue(place, slug, f"Nothing was decided: {error}", 409)
        if reason := form.get("reason", "").strip()[:1000]:
            decision = decision.model_copy(update={"reason": reason})
        try:
            Questions(place.run(slug).path).respond(wanted, decision)
        except UserError:
            return _queue(place, slug, _why_not(place, slug, wanted), 409)
        following = _waiting(place, slug)
        return RedirectResponse(following[0].href if following else f"{run_href(slug)}/approvals", 303)

    of_one = "/runs/{run}/approvals/{id}"
    return [
        Route("/runs/{run}/approvals", queue),
        Route(of_one, one, methods=["GET"]),
        Route(of_one, place.forms.handler(answer, MOST_BYTES), methods=["POST"]),
        Route(f"{of_one}/arguments", arguments, methods=["GET"]),
        Route(f"{of_one}/arguments", place.forms.handler(become, MOST_BYTES), methods=["POST"]),
    ]


def _asked(request: Request, waiting: Sequence[Waiting]) -> Waiting | None:
    """The request that an address names; None where it waits no longer."""
    wanted = request.path_params["id"]
    return next((each for each in waiting if each.question.id == wanted), None)


def _gone(place: Place, request: Request) -> Response:
    slug = request.path_params["run"]
    return _queue(place, slug, _why_not(place, slug, request.path_params["id"]), 409)


def _form(
    place: Place,
    request: Request,
    found: Waiting,
    given: list[Field],
    became: Amended | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    """The arguments to be filled in, below what they make of the call."""
    slug, before = request.path_params["run"], found.question.request.action
    new = sorted(became.action.effects - before.effects) if became is not None else []
    return place.page(
        "arguments.html.jinja",
        status,
        slug=slug,
        it=found,
        tool=before.tool,
        fields=given,
        became=became,
        effects=_effects(became.action) if became is not None else (),
        new_effects=new,
        diff=_diff(place, slug, found.question.trial, became.action) if became is not None else None,
        preview=_preview(became.action) if became is not None else "",
        arguments=plain(became.action.arguments) if became is not None else "",
        problem=problem,
    )


def _as_shown(run: RunFolder, question: Question, form: Form) -> Decision:
    """Yes to the changed call that a page showed. Raises UserError for another one, and where nobody can approve it."""
    became = amended(run, question, parsed(form.get("arguments", ""), "arguments"))
    if became.forbidden:
        raise UserError(became.forbidden)
    if became.action.digest != form.get("digest"):
        raise UserError("these arguments make another call than the one that was shown")
    return became.decision


def _queue(place: Place, slug: str, problem: str = "", status: int = 200) -> Response:
    found = _waiting(place, slug)
    return place.page(
        "approvals.html.jinja",
        status,
        slug=slug,
        waiting=found,
        alive=is_worked_on(place.run(slug)),
        problem=problem,
        are_others=any(each.originals for each in found),
        lost=next((each.lost for each in found if each.lost), ""),
    )


def _waiting(place: Place, slug: str) -> list[Waiting]:
    now, run = datetime.now(UTC), place.run(slug)
    asked = waiting(run)
    names = {key: told_back(run, key) for key in {each.trial for each in asked}}
    return [
        Waiting(
            each,
            _effects(each.request.action),
            brief(max(0.0, (now - each.asked).total_seconds())),
            brief(max(0.0, (each.until - now).total_seconds())),
            f"{run_href(slug)}/approvals/{each.id}",
            *names[each.trial],
        )
        for each in asked
    ]


def _effects(action: Action) -> tuple[tuple[str, str], ...]:
    """Each with its risk, the worst first."""
    ordered = sorted(action.effects, key=lambda effect: (-RISK[effect], effect))
    return tuple((effect, f"R{int(RISK[effect])}") for effect in ordered)


def _why_not(place: Place, slug: str, wanted: str) -> str:
    """Who decided it meanwhile, or that nobody asks any more."""
    if len(wanted) == 8 and set(wanted) <= set("0123456789abcdef"):
        try:
            stands = Questions(place.run(slug).path).answer(wanted)
        except UserError as error:
            return str(error)
        if stands is not None:
            by = "the time limit" if stands.outcome == "escalate" else stands.approver
            because = f" ({stands.reason})" if stands.reason else ""
            return f"Request {wanted} was decided meanwhile: {stands.outcome} by {by}{because}. That answer stands."
    return f"Request {wanted} waits no longer: its trial has ended or asks anew. Nothing was decided."


def _diff(place: Place, slug: str, trial: TrialKey, action: Action) -> object:
    """An edit side by side, and so is a file that would be replaced; None for anything else."""
    match action.arguments:
        case {"path": str(), "old": str(old), "new": str(new)}:
            return side_by_side(old, new)
        case {"path": str(path), "content": str(new)}:
            old_text = _held(place, place.trial(slug, trial.name), path)
            return side_by_side(old_text, new) if old_text is not None else None
    return None


def _held(place: Place, trial: Trial, path: str) -> str | None:
    """What a file of a running trial's workspace holds, as far as that is known and is text."""
    try:
        return held(place.workspaces.of(trial.folder), path, FOREVER)
    except (UserError, OSError):
        return None


def _preview(action: Action) -> str:
    return action.preview or json.dumps(action.arguments, indent=2, ensure_ascii=False)
