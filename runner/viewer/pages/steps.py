"""One step in full: its words, part by part where they are long, and the event as it was recorded."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runner.errors import FileProblem
from runner.events import AnyEvent
from runner.events.calls import CallProposed
from runner.events.conversation import Replied
from runner.messages import to_json
from runner.reading.lines import Lines
from runner.reading.originals import is_prose
from runner.report.steps import parts
from runner.thoughts import thoughts
from runner.viewer.known import originals_of
from runner.viewer.place import Place, Trial, of_trial

PART = 100_000
"""Characters that are shown at a time."""
RECORD = 20_000
"""Characters of the event as recorded."""


@dataclass(frozen=True)
class Step:
    """What is shown of one step."""

    number: int
    title: str
    text: str
    recorded: str
    is_prose: bool = False
    """Whether the text is written for people."""
    problem: str = ""


def routes(place: Place) -> list[Route]:
    def step(request: Request) -> Response:
        trial, seen, part = _asked(place, request)
        parts_in_all = max(1, -(-len(seen.text) // PART))
        if part >= parts_in_all:
            raise HTTPException(404, f"Step {seen.number} has {parts_in_all} parts.")
        shown = seen.text[part * PART : (part + 1) * PART]
        originals, lost = originals_of(trial)
        return place.page(
            "step.html.jinja",
            trial=trial,
            step=seen,
            shown=shown,
            part=part,
            parts=parts_in_all,
            originals=originals,
            lost=lost,
        )

    return of_trial("/steps/{step:int}", step)


def _asked(place: Place, request: Request) -> tuple[Trial, Step, int]:
    trial = place.asked(request)
    number: int = request.path_params["step"]
    if not trial.begun:
        raise HTTPException(404, f"{trial.name} has no transcript.")
    part = request.query_params.get("part", "0")
    if not (part.isascii() and part.isdigit() and len(part) < 8):
        raise HTTPException(404, "A part is a number.")
    with place.shelf.lines(trial.file, trial.row.key) as lines:
        try:
            return trial, _step(lines, number), int(part)
        except IndexError:
            raise HTTPException(404, f"{trial.name} has no step {number}; it has {len(lines)}.") from None


def _step(lines: Lines, number: int) -> Step:
    line = lines.line(number)
    try:
        event = lines.event(number)
    except FileProblem as error:
        return Step(number, "a line that cannot be read", line.decode("utf-8", "replace"), "", problem=str(error))
    title, _, _ = parts(event)
    recorded = to_json(event, indent=1).decode("utf-8", "replace")
    if len(recorded) > RECORD:
        recorded = f"{recorded[:RECORD]}\n… {len(recorded) - RECORD:,} more characters"
    return Step(number, title, whole(event), recorded, is_prose(event))


def whole(event: AnyEvent) -> str:
    """All words of a step."""
    _, _, body = parts(event)
    match event:
        case Replied():
            thought = thoughts(event.reply.message)
            return f"{thought}\n\n{body}" if thought else body
        case CallProposed(arguments={"path": str(path), "old": str(old), "new": str(new)}):
            return f"{path}\n\nold:\n{old}\n\nnew:\n{new}"
    return body
