"""The workspace's files at a step of a trial, and what had changed by then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runner.errors import UserError
from runner.reading.diffs import Pair, side_by_side
from runner.replay.files import FileChange, Reconstruction
from runner.viewer.known import originals_of
from runner.viewer.pages.steps import PART
from runner.viewer.place import Place, of_trial
from runner.viewer.workspaces import text_of
from sandboxes.archive import Entry

FILES = 60
"""Changed files whose changes are shown."""


@dataclass(frozen=True)
class Change:
    """A file that changed, side by side; `note` says why where that cannot be."""

    path: str
    kind: str
    pairs: Sequence[Pair] = ()
    note: str = ""


def routes(place: Place) -> list[Route]:
    def files(request: Request) -> Response:
        trial = place.asked(request)
        step = _number(request, "step")
        since = _number(request, "since") if "since" in request.query_params else None
        if not trial.begun or step is None:
            raise HTTPException(404, "There is no such step.")
        try:
            found = place.workspaces.of(trial.folder)
        except UserError as error:
            return place.page(
                "workspace.html.jinja", trial=trial, step=step, problem=str(error), originals=None, lost=""
            )
        steps = found.changed_steps()
        changed = found.files_at(step, since)
        tree = _tree(found, step)
        path = request.query_params.get("path")
        originals, lost = originals_of(trial)
        if path is not None and path not in tree:
            raise HTTPException(404, f"There is no file {path} at step {step}.")
        return place.page(
            "workspace.html.jinja",
            trial=trial,
            step=step,
            since=since,
            problem="",
            originals=originals,
            lost=lost,
            found=found,
            doubts=found.doubts_at(step),
            earlier=max((each for each in steps if each < step), default=None),
            later=min((each for each in steps if each > step), default=None),
            changes=[_change(each) for each in list(changed.values())[:FILES]],
            left_out=max(0, len(changed) - FILES),
            tree=sorted(tree),
            changed=frozenset(found.files_at(step)),
            path=path,
            content=text_of(tree[path]) if path is not None else None,
            most=PART,
        )

    return of_trial("/files", files)


def _number(request: Request, name: str) -> int | None:
    given = request.query_params.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def _tree(found: Reconstruction, step: int) -> Mapping[str, Entry]:
    """Every file as it is once the step is done."""
    tree = dict(found.base)
    for path, entry in found.changes_at(step).items():
        if entry is None:
            tree.pop(path, None)
        else:
            tree[path] = entry
    return tree


def _change(change: FileChange) -> Change:
    kind = "new" if change.before is None else "gone" if change.after is None else "changed"
    before, after = (text_of(entry) if entry is not None else "" for entry in (change.before, change.after))
    if before is None or after is None:
        return Change(change.path, kind, note="not text")
    pairs = side_by_side(before, after)
    if pairs is None:
        return Change(change.path, kind, note="too long to be aligned")
    modes = {entry.executable for entry in (change.before, change.after) if entry is not None}
    return Change(change.path, kind, pairs, "its mode changed" if len(modes) > 1 else "")
