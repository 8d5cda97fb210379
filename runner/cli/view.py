"""`taskfit view`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def view(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RUN…]", help="Runs' folders, or folders of runs; runs/ when left out."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that is free.")] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the address and open no browser.")] = False,
) -> None:
    """Read runs and their transcripts in a browser: on this machine alone, with the address that is printed."""
    import webbrowser

    from runner.cli.places import RUNS, runs_of
    from runner.viewer.place import Place
    from runner.viewer.serving import Address, serve

    def ready(address: Address) -> None:
        print(f"{address.url()}\nCtrl-C ends it.", flush=True)
        if not no_open:
            webbrowser.open(address.url(once=True))

    serve(Place(runs_of(runs or [RUNS])), port, ready)
