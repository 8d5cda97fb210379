"""What is viewed, and how a page of it is drawn: what every page module is given."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from runner import __version__
from runner.report.templates import environment
from runner.runs.folder import LOCK, RunFolder
from runner.runs.ledger import Row
from runner.runs.ledger_view import look
from runner.viewer.forms import Forms
from runner.viewer.shelf import Shelf
from runner.viewer.words import add_words
from runner.viewer.workspaces import Workspaces

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Trial:
    """One trial of one run that is viewed; what its address names."""

    slug: str
    """Of its run."""
    run: RunFolder
    row: Row
    attempt: int | None = None
    """An earlier one that was set aside; None for the last one."""

    @property
    def name(self) -> str:
        """Its folder's."""
        return self.row.key.name

    @property
    def folder(self) -> Path:
        folder = self.run.trial(self.row.key)
        return folder if self.attempt is None else folder / "attempts" / str(self.attempt)

    @property
    def earlier(self) -> list[int]:
        """The attempts that were set aside and can be read."""
        found = self.run.trial(self.row.key).glob("attempts/*/events.jsonl")
        names = [file.parent.name for file in found if file.is_file()]
        return sorted(int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 9)

    @property
    def file(self) -> Path:
        """Its transcript, which need not be there yet."""
        return self.folder / "events.jsonl"

    @property
    def begun(self) -> bool:
        """Whether there is a transcript."""
        return self.file.is_file()

    @property
    def href(self) -> str:
        return trial_href(self.slug, self.name, self.attempt)

    def step_href(self, step: int) -> str:
        """A permanent link to a step: the server finds its turns, the browser the step among them."""
        return f"{self.href}?at={step}#s{step}"


class Place:
    """The runs being viewed, by their slugs (a folder's name, with a number where two are called alike).

    Runs that appear in one of `folders` later are viewed, too, from the next `look_again` on.
    """

    def __init__(self, runs: Iterable[RunFolder], folders: Iterable[Path] = ()) -> None:
        self.runs: Mapping[str, RunFolder] = {}
        self._folders = tuple(folders)
        self._lock = threading.Lock()
        self._add(runs)
        self.shelf = Shelf()
        self.workspaces = Workspaces()
        self.forms = Forms()
        self.templates = environment(HERE / "templates")
        add_words(self.templates)
        self.templates.globals.update(run_href=run_href, version=__version__, form_token=self.forms.token)

    @property
    def grows(self) -> bool:
        """Whether runs may appear."""
        return bool(self._folders)

    def look_again(self) -> None:
        """Find the runs that have appeared meanwhile."""
        with self._lock:
            known = {run.path for run in self.runs.values()}
            new = sorted(file.parent for folder in self._folders for file in folder.glob(f"*/{LOCK}"))
            self._add(RunFolder(path) for path in new if path not in known)

    def _add(self, runs: Iterable[RunFolder]) -> None:
        found = dict(self.runs)
        for run in runs:
            name = called = _readable(run.path.name) or "run"
            number = 2
            while name in found:
                name, number = f"{called}-{number}", number + 1
            found[name] = run
        self.runs = found

    def run(self, slug: str) -> RunFolder:
        """Raises HTTPException (404) for a run that is not viewed."""
        if slug not in self.runs:
            self.look_again()
        try:
            return self.runs[slug]
        except KeyError:
            raise HTTPException(404, f"No run called {slug} is viewed here.") from None

    def rows(self, slug: str) -> Sequence[Row]:
        """Every planned trial of a run. Raises FileProblem for a ledger that cannot be read."""
        return look(self.run(slug).ledger_file).rows

    def trial(self, slug: str, name: str, attempt: int | None = None) -> Trial:
        """The trial whose folder is called so; no other path is ever opened. Raises HTTPException (404)."""
        for row in self.rows(slug):
            if row.key.name == name:
                found = Trial(slug, self.run(slug), row, attempt)
                if attempt is not None and attempt not in found.earlier:
                    raise HTTPException(404, f"{name} has no attempt {attempt} that was set aside.")
                if not found.file.resolve().is_relative_to(found.run.path.resolve()):
                    raise HTTPException(404, f"The trial {name} leads out of its run's folder; it is not opened.")
                return found
        raise HTTPException(404, f"The run {slug} has no trial called {name}.")

    def asked(self, request: Request) -> Trial:
        """The trial, or attempt, that an address of `of_trial` names. Raises HTTPException (404)."""
        named = request.path_params
        return self.trial(named["run"], named["trial"], named.get("attempt"))

    def page(self, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
        """A template filled in. Text is made visible and escaped, whoever wrote it."""
        return HTMLResponse(self.templates.get_template(template).render(**values), status)


def _readable(name: str) -> str:
    """A folder's name that an address can hold: bytes in it that are no UTF-8 as escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def of_trial(path: str, handler: Callable[[Request], Any], methods: Sequence[str] = ("GET",)) -> list[Route]:
    """The routes of a page below a trial's address, and below that of an attempt that was set aside."""
    below = ("/runs/{run}/trials/{trial}", "/runs/{run}/trials/{trial}/attempts/{attempt:int}")
    return [Route(f"{each}{path}", handler, methods=methods) for each in below]


def trial_href(slug: str, name: str, attempt: int | None = None) -> str:
    """A trial's address, or an attempt's."""
    aside = "" if attempt is None else f"/attempts/{attempt}"
    return f"{run_href(slug)}/trials/{quote(name, safe='')}{aside}"


def run_href(slug: str) -> str:
    """A run's address: its matrix."""
    return f"/runs/{quote(slug, safe='')}"
