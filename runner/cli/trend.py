"""`taskfit trend`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from runner.cli.options import Json


def trend(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN", help="Runs of one study, the oldest first.")],
    measure: Annotated[str, typer.Option(help="A rate or a share.")] = "resolved",
    json: Json = False,
) -> None:
    """What repeated nights of one study say: changes of a model, or of the harness."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from runner.report.load import records
    from runner.report.numbers import number
    from runner.runs.folder import RunFolder
    from runner.studies.comparison import pairable
    from runner.studies.trend import trend as of
    from runner.visible import visible

    def problem(text: str) -> None:
        print(f"taskfit: {visible(text)}", file=sys.stderr)

    unit = pairable(measure).unit
    folders = [RunFolder(run.resolve()) for run in runs]
    found = of(folders, {folder.path.name: list(records(folder, problem)) for folder in folders}, measure)
    if json:
        print(found.model_dump_json())
        return
    console = Console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("run", "model", measure, "against all nights before"):
        table.add_column(head, overflow="fold")
    for night in found.nights:
        change = "–"
        if night.change is not None and night.change.estimate.value is not None:
            estimate = night.change.estimate
            change = f"{night.change.verdict} ({100 * (estimate.value or 0.0):+.0f} points, n={estimate.n})"
        table.add_row(
            Text(visible(night.run)), Text(visible(night.model)), Text(number(night.value, unit).text), Text(change)
        )
    console.print(table)
    for distance in found.distances:
        last = distance.looks[-1]
        if last.value is not None and last.low is not None and last.high is not None:
            line = f"{distance.second} - {distance.first}: {100 * last.value:+.0f} points a night, "
            line += f"[{100 * last.low:.0f} to {100 * last.high:.0f}] at every look, {last.n} nights"
            console.print(Text(visible(line)), soft_wrap=True)
    for first, second, fairness in found.fairness:
        if fairness.differences:
            console.print(Text(visible(f"{first} and {second}: {fairness.verdict}"), "yellow"))
            for each in fairness.differences:
                console.print(Text(visible(f"  {each.severity}: {each.field}: {each.why}")), soft_wrap=True)
    for run in found.suspected:
        console.print(Text(visible(f"{run}: it may be the harness that changed, not the models"), "bold yellow"))
