"""`taskfit report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runner.cli.run import Json


def report(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[RUN]", help="The run's folder; the latest in runs/ when left out."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every measure, the parts of the time included.")] = False,
    json: Json = False,
) -> None:
    """Print what a run says about its models, from its folder alone; works while it runs."""
    from runner.cli.run import print_report
    from runner.errors import UserError
    from runner.folder import RunFolder, latest_run

    run = RunFolder(folder.resolve()) if folder else latest_run(Path("runs"))
    if not run.results():
        raise UserError(f"{run.path}: none of its {len(run.keys())} trials is done yet")
    print_report(run, json, every)
