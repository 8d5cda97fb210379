"""What is viewed, and how a page of it is drawn: what every page module is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from runner import __version__
from runner.folder import RunFolder
from runner.ledger import Row
from runner.ledger_view import look
from runner.report.templates import environment
from runner.viewer.forms import Forms
from runner.viewer.shelf import Shelf
from runner.viewer.words import add_words

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Trial:
    """One trial of one run that is viewed; what its address names."""

    slug: str
    """Of its run."""
    run: RunFolder
    row: Row

    @property
    def name(self) -> str:
        """Its folder's."""
        return self.row.key.name

    @property
    def folder(self) -> Path:
        return self.run.trial(self.row.key)

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
        return f"{run_href(self.slug)}/trials/{quote(self.name, safe='')}"

    def step_href(self, step: int) -> str:
        """A permanent link to a step: the server finds its turns, the browser the step among them."""
        return f"{self.href}?at={step}#s{step}"


class Place:
    """The runs being viewed, by their slugs (a folder's name, with a number where two are called alike)."""

    def __init__(self, runs: Iterable[RunFolder]) -> None:
        self.runs: dict[str, RunFolder] = {}
        for run in runs:
            name, number = run.path.name or "run", 2
            while name in self.runs:
                name, number = f"{run.path.name}-{number}", number + 1
            self.runs[name] = run
        self.shelf = Shelf()
        self.forms = Forms()
        self.templates = environment(HERE / "templates")
        add_words(self.templates)
        self.templates.globals.update(run_href=run_href, version=__version__, form_token=self.forms.token)

    def run(self, slug: str) -> RunFolder:
        """Raises HTTPException (404) for a run that is not viewed."""
        try:
            return self.runs[slug]
        except KeyError:
            raise HTTPException(404, f"No run called {slug} is viewed here.") from None

    def rows(self, slug: str) -> Sequence[Row]:
        """Every planned trial of a run. Raises FileProblem for a ledger that cannot be read."""
        return look(self.run(slug).ledger_file).rows

    def trial(self, slug: str, name: str) -> Trial:
        """The trial whose folder is called so; no other path is ever opened. Raises HTTPException (404)."""
        for row in self.rows(slug):
            if row.key.name == name:
                found = Trial(slug, self.run(slug), row)
                if not found.file.resolve().is_relative_to(found.run.path.resolve()):
                    raise HTTPException(404, f"The trial {name} leads out of its run's folder; it is not opened.")
                return found
        raise HTTPException(404, f"The run {slug} has no trial called {name}.")

    def page(self, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
        """A template filled in. Text is made visible and escaped, whoever wrote it."""
        return HTMLResponse(self.templates.get_template(template).render(**values), status)


def run_href(slug: str) -> str:
    """A run's address: its matrix."""
    return f"/runs/{quote(slug, safe='')}"
