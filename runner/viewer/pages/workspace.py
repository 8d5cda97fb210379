"""The workspace's files at a step of a trial, and what had changed by then."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runner.errors import UserError
from runner.reading.diffs import Pair, side_by_side
from runner.replay.files import FileChange, Reconstruction, reconstruction
from runner.viewer.pages.steps import PART
from runner.viewer.place import Place, Trial
from sandboxes.archive import Entry

KEPT = 3
"""Trials whose files are kept in memory."""
FILES = 60
"""Changed files whose changes are shown."""


@dataclass(frozen=True)
class Change:
    """A file that changed, side by side; `note` says why where that cannot be."""

    path: str
    kind: str
    pairs: Sequence[Pair] = ()
    note: str = ""


class Workspaces:
    """The files of the trials that were looked at last. Safe to use from any thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Path, int], Reconstruction] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, trial: Trial) -> Reconstruction:
        """Raises UserError where they cannot be made again."""
        known = (trial.folder, trial.file.stat().st_mtime_ns)
        with self._lock:
            if known not in self._kept:
                self._kept[known] = reconstruction(trial.folder)
            self._kept.move_to_end(known)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[known]


def routes(place: Place) -> list[Route]:
    workspaces = Workspaces()

    def files(request: Request) -> Response:
        trial = place.trial(request.path_params["run"], request.path_params["trial"])
        step = _number(request, "step")
        since = _number(request, "since") if "since" in request.query_params else None
        if not trial.begun or step is None:
            raise HTTPException(404, "There is no such step.")
        try:
            found = workspaces.of(trial)
        except UserError as error:
            return place.page("workspace.html.jinja", trial=trial, step=step, problem=str(error))
        steps = found.changed_steps()
        changed = found.files_at(step, since)
        tree = _tree(found, step)
        path = request.query_params.get("path")
        if path is not None and path not in tree:
            raise HTTPException(404, f"There is no file {path} at step {step}.")
        return place.page(
            "workspace.html.jinja",
            trial=trial,
            step=step,
            since=since,
            problem="",
            found=found,
            doubts=found.doubts_at(step),
            earlier=max((each for each in steps if each < step), default=None),
            later=min((each for each in steps if each > step), default=None),
            changes=[_change(each) for each in list(changed.values())[:FILES]],
            left_out=max(0, len(changed) - FILES),
            tree=sorted(tree),
            changed=frozenset(found.files_at(step)),
            path=path,
            content=_text(tree[path]) if path is not None else None,
            most=PART,
        )

    return [Route("/runs/{run}/trials/{trial}/files", files)]


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
    before, after = (_text(entry) if entry is not None else "" for entry in (change.before, change.after))
    if before is None or after is None:
        return Change(change.path, kind, note="not text")
    pairs = side_by_side(before, after)
    if pairs is None:
        return Change(change.path, kind, note="too long to be aligned")
    modes = {entry.executable for entry in (change.before, change.after) if entry is not None}
    return Change(change.path, kind, pairs, "its mode changed" if len(modes) > 1 else "")


def _text(entry: Entry) -> str | None:
    """None for a file that is no text."""
    if entry.is_link:
        return f"link to {entry.data.decode('utf-8', 'backslashreplace')}"
    if b"\0" in entry.data:
        return None
    return entry.data.decode("utf-8", "backslashreplace")
