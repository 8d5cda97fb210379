"""`taskfit view`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.options import Public, Redact, privacy

if TYPE_CHECKING:
    from runner.runs.folder import RunFolder


def view(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RUN", help="Runs' folders, folders of runs, or a trial's; runs/ when left out."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that is free.")] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the address and open no browser.")] = False,
    export: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write one page of the run, or trial, to read without a server."),
    ] = None,
    redact: Redact = False,
    public: Public = False,
) -> None:
    """Read runs and their transcripts in a browser: on this machine alone, with the address that is printed."""
    from runner.errors import UserError

    mode = privacy(redact, public)
    runs, trial, folders = _found(paths or [Path("runs")])
    if export is not None:
        from runner.cli.writing import check, write_whole
        from runner.viewer.export import export as written

        if len(runs) != 1:
            raise UserError(f"--export is for one run or one trial at a time, not for {len(runs)} runs: name one")
        check(export)
        write_whole(export, written(runs[0], mode, trial))
        print(export)
        return
    if mode != "local":
        raise UserError("--redact and --public are for --export; a server shows this machine's own runs as they are")
    _serve(runs, trial, folders, port, no_open)


def _serve(runs: list[RunFolder], trial: str | None, folders: list[Path], port: int, no_open: bool) -> None:
    import webbrowser

    from runner.viewer.place import Place, trial_href
    from runner.viewer.serving import Address, serve

    place = Place(runs, folders)
    path = trial_href(next(iter(place.runs)), trial) if trial else "/"

    def ready(address: Address) -> None:
        print(f"{address.url(path)}\nCtrl-C ends it.", flush=True)
        if not no_open:
            webbrowser.open(address.url(path, once=True))

    serve(place, port, ready)


def _found(paths: list[Path]) -> tuple[list[RunFolder], str | None, list[Path]]:
    """The runs, the trial that was named, if one was, and the folders of runs that were named.

    Raises UserError for a path that is no run and holds none.
    """
    from runner.cli.places import runs_of
    from runner.runs.folder import LOCK

    named = [path.resolve() for path in paths]
    trials = [path for path in named if path.parent.name == "trials" and (path.parents[1] / LOCK).is_file()]
    runs = runs_of([path.parents[1] if path in trials else path for path in named])
    folders = [path for path in named if path not in trials and not (path / LOCK).is_file()]
    return runs, trials[0].name if trials and len(paths) == 1 else None, folders
