"""`taskfit import`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="Trajectories of other harnesses, or folders that hold some."),
    ],
    out: Annotated[Path, typer.Option(help="The run's folder: a new one, or one of an earlier import.")],
    source: Annotated[
        Literal["atif", "inspect", "sweagent", "mini"] | None,
        typer.Option("--from", help="atif, inspect (.eval), sweagent (.traj), mini; found out when left out."),
    ] = None,
    scenario: Annotated[str, typer.Option(help="What to call the task of files that do not name theirs.")] = "",
    model: Annotated[str, typer.Option(help="What to call the model of files that do not name theirs.")] = "",
) -> None:
    """Make a run of trajectories that another harness recorded, to be read and measured as far as they tell.

    Nothing is graded: what the other harness says came of a trial is kept as its word. Exit code 1 where a file was
    left out.
    """
    from runner.runs.folder import RunFolder
    from runner.trajectories.formats import files_of
    from runner.trajectories.importing import Intake
    from runner.visible import visible

    def problem(text: str) -> None:
        print(f"taskfit: {visible(text)}", file=sys.stderr)

    intake = Intake(RunFolder(out.resolve()), scenario, model)
    intake.take(files_of(files), source)
    for trial, left in intake.left_out.items():
        problem(f"{trial}: left out: {'; '.join(left)}")
    for file in intake.known_already:
        problem(f"{file} is in the run already")
    for error in intake.problems:
        problem(str(error))
    if intake.problems and not intake.trials:
        raise typer.Exit(2)
    print(visible(f"{len(intake.trials)} trials in {out}"))
    if intake.problems:
        raise typer.Exit(1)
