"""`taskfit search`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from runner.search.finding import Found
    from runner.search.saved import SavedQueries


def search(
    query: Annotated[
        str | None,
        typer.Argument(help='Words, "phrases", -not, tool:, error:, verdict:, model:, …; or @NAME of a saved one.'),
    ] = None,
    runs: Annotated[
        list[Path] | None, typer.Argument(metavar="RUN", help="Runs, or folders of runs; runs/ when left out.")
    ] = None,
    save: Annotated[str | None, typer.Option(metavar="NAME", help="Keep the query under this name.")] = None,
    forget: Annotated[str | None, typer.Option(metavar="NAME", help="Forget a saved query.")] = None,
    trials: Annotated[int, typer.Option(min=1, max=1000, help="Trials that are shown.")] = 20,
    steps: Annotated[int, typer.Option(min=1, max=100, help="Steps of each trial that are shown.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="As JSON on standard output.")] = False,
) -> None:
    """Search the transcripts of runs, also of one that goes on; without a query, list the saved ones.

    A comma is an or (error:exit,timeout), a - refuses (-arm:control), * stands for any letters (model:anthropic/*).
    Write -- before a query that begins with a -.
    """
    from runner.cli.places import RUNS, runs_of
    from runner.search.finding import find
    from runner.search.index import Index
    from runner.search.labelled import labelled
    from runner.search.query import parse
    from runner.search.saved import SavedQueries

    named = runs or [RUNS]
    saved = SavedQueries(_folder(named))
    if forget is not None:
        saved.forget(forget)
        return
    if query is None:
        _list(saved, json)
        return
    wanted = parse(saved.find(query[1:]) if query.startswith("@") else query)
    paths = [run.path for run in runs_of(named)]
    if save is not None:
        saved.save(save, wanted.text)
    index = Index()
    refreshed = index.refresh(paths, _heard if sys.stderr.isatty() else None)
    if refreshed.unread:
        _problem(f"{refreshed.unread} lines of transcripts are no steps of this version and were left out")
    found = find(index, wanted, paths, labelled=list(labelled(wanted, paths, _problem)), trials=trials, steps=steps)
    _show(found, json)


def _folder(runs: list[Path]) -> Path:
    """The folder of runs that keeps the saved queries."""
    from runner.runs.folder import LOCK

    first = runs[0].resolve()
    return first.parent if (first / LOCK).is_file() else first


def _problem(text: str) -> None:
    from runner.visible import visible

    print(f"taskfit: {visible(text)}", file=sys.stderr)


def _heard(done: int, of: int) -> None:
    print(f"\rindexing {done} of {of} transcripts", end="\n" if done == of else "", file=sys.stderr, flush=True)


def _list(saved: SavedQueries, as_json: bool) -> None:
    import json

    from runner.visible import visible

    known = saved.all()
    if as_json:
        print(json.dumps(known, ensure_ascii=False))
    elif not known:
        print("no search is saved here; keep one with --save NAME", file=sys.stderr)
    else:
        for name, query in known.items():
            print(f"@{visible(name)}  {visible(query)}")


def _show(found: Found, as_json: bool) -> None:
    from rich.console import Console

    from runner.console.found import blocks
    from runner.messages import to_json

    if as_json:
        sys.stdout.buffer.write(to_json(found) + b"\n")
        return
    console = Console()
    for block in blocks(found):
        console.print(block, highlight=False, soft_wrap=not console.is_terminal)
