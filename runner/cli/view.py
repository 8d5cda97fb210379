"""`taskfit view`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from runner.folder import RunFolder


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

    from runner.viewer.place import Place
    from runner.viewer.serving import Address, serve

    def ready(address: Address) -> None:
        print(f"{address.url()}\nCtrl-C ends it.", flush=True)
        if not no_open:
            webbrowser.open(address.url(once=True))

    serve(Place(_found(runs or [Path("runs")])), port, ready)


def _found(paths: list[Path]) -> list[RunFolder]:
    """Raises UserError for a path that is no run and holds none."""
    from runner.errors import UserError
    from runner.folder import LOCK, RunFolder

    found: dict[Path, RunFolder] = {}
    for path in paths:
        here = path.resolve()
        inside = [here] if (here / LOCK).is_file() else sorted(file.parent for file in here.glob(f"*/{LOCK}"))
        if not inside:
            raise UserError(f"{path} is no run's folder (it has no {LOCK}), and no folder of runs either")
        for folder in inside:
            found.setdefault(folder, RunFolder(folder))
    return list(found.values())
