"""Approvals of a running study: what waits for a person, each request with its effect and its diff, and the answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from runner.approvals import Action, Decision
from runner.durations import brief
from runner.effects import RISK
from runner.errors import UserError
from runner.reading.diffs import side_by_side
from runner.runs.questions import Question, Questions
from runner.viewer.asking import is_worked_on, waiting
from runner.viewer.forms import Form
from runner.viewer.known import held
from runner.viewer.place import Place, Trial, run_href

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


def routes(place: Place) -> list[Route]:
    def queue(request: Request) -> Response:
        return _queue(place, request.path_params["run"])

    def one(request: Request) -> Response:
        slug, wanted = request.path_params["run"], request.path_params["id"]
        asked = _waiting(place, slug)
        found = next((each for each in asked if each.question.id == wanted), None)
        if found is None:
            return _queue(place, slug, _why_not(place, slug, wanted), 409)
        action = found.question.request.action
        return place.page(
            "approval.html.jinja",
            slug=slug,
            it=found,
            action=action,
            diff=_diff(place, slug, found.question),
            preview=_preview(action),
            more=len(asked) - 1,
        )

    def answer(request: Request, form: Form) -> Response:
        slug, wanted = request.path_params["run"], request.path_params["id"]
        decision = ANSWERS.get(form.get("outcome", ""))
        if decision is None:
            return _queue(place, slug, "An answer is approve, deny or terminate; nothing was decided.", 400)
        reason = form.get("reason", "").strip()[:1000]
        if reason:
            decision = decision.model_copy(update={"reason": reason})
        if not is_worked_on(place.run(slug)):
            return _queue(place, slug, "Nobody works on this run any more, so nothing was decided.", 409)
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
        Route(of_one, place.forms.handler(answer), methods=["POST"]),
    ]


def _queue(place: Place, slug: str, problem: str = "", status: int = 200) -> Response:
    alive = is_worked_on(place.run(slug))
    return place.page(
        "approvals.html.jinja", status, slug=slug, waiting=_waiting(place, slug), alive=alive, problem=problem
    )


def _waiting(place: Place, slug: str) -> list[Waiting]:
    now = datetime.now(UTC)
    return [
        Waiting(
            each,
            tuple(
                (effect, f"R{int(RISK[effect])}")
                for effect in sorted(each.request.action.effects, key=lambda effect: (-RISK[effect], effect))
            ),
            brief(max(0.0, (now - each.asked).total_seconds())),
            brief(max(0.0, (each.until - now).total_seconds())),
            f"{run_href(slug)}/approvals/{each.id}",
        )
        for each in waiting(place.run(slug))
    ]


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


def _diff(place: Place, slug: str, question: Question) -> object:
    """An edit side by side, and so is a file that would be replaced; None for anything else."""
    match question.request.action.arguments:
        case {"path": str(), "old": str(old), "new": str(new)}:
            return side_by_side(old, new)
        case {"path": str(path), "content": str(new)}:
            old_text = _held(place, place.trial(slug, question.trial.name), path)
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
