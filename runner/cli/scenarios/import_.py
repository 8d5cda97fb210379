"""`taskfit scenarios import`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.scenarios.taking import Again, AsJson, Concurrency, Repeats, RepoFile, Seconds, To, default_place, take

if TYPE_CHECKING:
    from runner.scenarios.proposal import Lead

TASKS = ("task.toml", "*/task.toml", "*/*/task.toml", "task.yaml", "*/task.yaml")
FORMATS = "swebench, harbor, quixbugs, bugsinpy"


def import_(
    place: Annotated[
        Path | None, typer.Argument(metavar="FILE|DIR", help="What to import; its format is recognised.")
    ] = None,
    format: Annotated[str | None, typer.Option("--format", help=f"One of: {FORMATS}.")] = None,
    pypi: Annotated[
        tuple[str, str, str] | None,
        typer.Option(metavar="NAME OLD NEW", help="Two source releases: the tests of NEW against the code of OLD."),
    ] = None,
    repos: Annotated[
        Path | None, typer.Option(help="Local checkouts or mirrors of the repositories (OWNER__NAME, OWNER/NAME, NAME).")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Only the tasks whose id matches.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Tasks to prove at most.")] = None,
    to: To = None,
    repo: RepoFile = None,
    repeats: Repeats = 3,
    concurrency: Concurrency = 2,
    seconds: Seconds = 600.0,
    again: Again = False,
    json: AsJson = False,
) -> None:
    """Make scenarios of foreign tasks. Each is proved as a mined one is; what cannot be held is named."""
    from itertools import islice

    from runner.errors import UserError

    if (place is None) == (pypi is None):
        raise UserError("give either a file or folder to import, or --pypi NAME OLD NEW")
    if pypi is not None:
        from runner.importers.pypi import leads

        found, name = list(leads(*pypi)), pypi[0]
    else:
        assert place is not None
        found, name = list(_leads(place, format or _recognised(place), repos)), place.resolve().stem
    found = list(islice(_chosen(found, only or []), limit))
    take(
        found,
        [],
        to=to or default_place(name),
        repeats=repeats,
        concurrency=concurrency,
        seconds=seconds,
        again=again,
        repo=repo,
        json=json,
    )


def _recognised(place: Path) -> str:
    """The format of what is there. Raises UserError."""
    from runner.errors import UserError

    marks: dict[str, Callable[[], bool]] = {
        "swebench": lambda: place.is_file() and place.suffix in (".jsonl", ".json", ".parquet"),
        "quixbugs": lambda: (place / "python_programs").is_dir(),
        "bugsinpy": lambda: any((place / "projects").glob("*/bugs")),
        "harbor": lambda: any(any(place.glob(pattern)) for pattern in TASKS),
    }
    if not place.exists():
        raise UserError(f"{place}: no such file or folder")
    for name, there in marks.items():
        if there():
            return name
    raise UserError(f"{place}: nothing that is known is there; name its format with --format ({FORMATS})")


def _leads(place: Path, format: str, repos: Path | None) -> Iterable[Lead]:
    from runner.caching import cache_folder
    from runner.errors import UnknownName

    if format in ("swebench", "bugsinpy"):
        from runner.importers import bugsinpy, swebench
        from runner.importers.base import Sources

        sources = Sources(cache_folder() / "repositories", repos)
        return swebench.leads(place, sources) if format == "swebench" else bugsinpy.leads(place, sources)
    if format == "quixbugs":
        from runner.importers import quixbugs

        return quixbugs.leads(place)
    if format == "harbor":
        return _harbor(place)
    raise UnknownName("format", format, FORMATS.split(", "))


def _harbor(place: Path) -> Iterable[Lead]:
    """Its tasks' own solutions run in sandboxes."""
    from rich.console import Console

    from runner.importers import harbor
    from runner.importers.solving import SandboxSolver
    from sandboxes.host import ensure_engine
    from sandboxes.images import ImageStore

    def say(text: str) -> None:
        Console(stderr=True).print(text, style="dim", markup=False, highlight=False)

    engine = ensure_engine(say)
    return harbor.leads(place, SandboxSolver(engine, ImageStore(engine, say)))


def _chosen(leads: Iterable[Lead], globs: list[str]) -> Iterable[Lead]:
    """Raises UnknownName where a glob matches none."""
    import fnmatch

    from runner.errors import UnknownName

    found = list(leads)
    for glob in globs:
        if not any(fnmatch.fnmatch(lead.id, glob) for lead in found):
            raise UnknownName("task", glob, [lead.id for lead in found])
    return [lead for lead in found if not globs or any(fnmatch.fnmatch(lead.id, glob) for glob in globs)]
