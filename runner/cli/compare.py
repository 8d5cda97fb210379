"""`taskfit compare`."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from runner.cli.options import Json


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN [RUN]", help="One run's folder, or two.")],
    model: Annotated[list[str] | None, typer.Option(help="Only these models.")] = None,
    measure: Annotated[list[str] | None, typer.Option(help="Declared measures; resolved when left out.")] = None,
    json: Json = False,
) -> None:
    """Compare models, if that is fair: exit 3 and the differing fields where more than the model differs."""
    from rich.console import Console
    from rich.text import Text

    from runner.comparison import comparisons, sentence
    from runner.errors import UserError
    from runner.fairness import Side, between, within
    from runner.folder import RunFolder
    from runner.report.load import records
    from runner.visible import visible

    if len(runs) > 2:
        raise UserError("compare takes one run, or two")
    folders = [RunFolder(run.resolve()) for run in runs]
    sides = [Side.of(folder) for folder in folders]
    fairness = within(sides[0]) if len(sides) == 1 else between(*sides)
    console = Console()
    refused = fairness.verdict == "not comparable"
    if not json:
        console.print(Text(fairness.verdict, "bold red" if refused else "bold"))
        for each in fairness.differences:
            line = f"  {each.severity:>7}  {each.field}: {each.why} ({each.before} / {each.after})"
            console.print(Text(visible(line)), soft_wrap=True)
    found = []
    if not refused:
        problems: list[str] = []
        common = set.intersection(*(set(side.values("scenario")) for side in sides))
        trials = [
            trial
            for folder in folders
            for trial in records(folder, problems.append)
            if trial.key.scenario in common and (not model or trial.key.model in model)
        ]
        found = comparisons(trials, measure or ["resolved"])
        if not found:
            raise UserError("there are no two models to compare")
    if json:
        print(
            json_module.dumps(
                {
                    "verdict": fairness.verdict,
                    "differences": [each.model_dump() for each in fairness.differences],
                    "comparisons": [each.model_dump() for each in found],
                },
                allow_nan=False,
            )
        )
    else:
        for each in found:
            console.print(Text(visible(sentence(each))), soft_wrap=True)
    if refused:
        raise typer.Exit(3)
