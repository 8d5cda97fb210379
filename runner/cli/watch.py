"""`taskfit watch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def watch(
    run: Annotated[Path | None, typer.Argument(help="The run's folder; the latest in runs/ when left out.")] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Print it once and leave, as where there is no terminal.")
    ] = False,
    every: Annotated[float, typer.Option(min=0.5, max=3600, help="Seconds between two looks.")] = 2.0,
    json: Annotated[bool, typer.Option("--json", help="Once, as JSON on standard output.")] = False,
) -> None:
    """See how far a run is, from another terminal; the run is not touched. Ends with the run, or by Ctrl-C.

    Exit code 1 where the run's process is gone, or stopped before its end.
    """
    from rich.console import Console

    from runner.console.follow import follow, state
    from runner.console.progress import table
    from runner.following.watching import Watcher
    from runner.runs.folder import RunFolder, latest_run

    watcher = Watcher(RunFolder(run.resolve()) if run else latest_run(Path("runs")))
    progress = watcher.progress()
    console = Console()
    if json:
        print(progress.model_dump_json(indent=1))
    else:
        if console.is_terminal and not once:
            progress = follow(watcher, console, every)
        console.print(table(progress, console.width), state(progress), highlight=False)
    raise typer.Exit(1 if progress.state in ("stopped", "dead") else 0)
