"""`taskfit compare`."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.options import Json
from runner.exits import UNFAIR

if TYPE_CHECKING:
    from runner.measures.record import Record
    from runner.runs.folder import RunFolder
    from runner.studies.comparison import Comparison
    from runner.studies.fairness import Side


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN [RUN]", help="One run's folder, or two.")],
    model: Annotated[list[str] | None, typer.Option(help="Only these models.")] = None,
    measure: Annotated[
        list[str] | None, typer.Option(help="Measures; those that the study declared when left out.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare models, if that is fair: exit 3 and the differing fields where more than the model differs."""
    from rich.console import Console
    from rich.text import Text

    from runner.errors import UserError
    from runner.runs.folder import RunFolder
    from runner.studies.comparison import comparisons, sentence
    from runner.studies.fairness import Side, between, within
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
    found: list[Comparison] = []
    if not refused:
        common = set.intersection(*(set(side.values("scenario")) for side in sides))
        trials = _trials(folders, common, model or [])
        early = any(len(folder.results()) < len(side.keys) for folder, side in zip(folders, sides, strict=True))
        found = comparisons(trials, measure or _declared(sides[0]), early=early)
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
        for comparison in found:
            console.print(Text(visible(sentence(comparison))), soft_wrap=True)
    if refused:
        raise typer.Exit(UNFAIR)


def _declared(side: Side) -> list[str]:
    """What the first run's study declared beforehand."""
    return [side.study.get("primary", "resolved"), *side.study.get("contrasts", ())]


def _trials(folders: Sequence[RunFolder], scenarios: Collection[str], models: Collection[str]) -> Iterator[Record]:
    """The trials of all runs; a model that the second run shares with the first is another side of the comparison."""
    from runner.report.load import records
    from runner.visible import visible

    def problem(text: str) -> None:
        print(f"taskfit: {visible(text)}", file=sys.stderr)

    seen: set[str] = set()
    for number, folder in enumerate(folders):
        earlier = set(seen)
        for trial in records(folder, problem):
            seen.add(trial.key.model)
            if trial.key.scenario not in scenarios or (models and trial.key.model not in models):
                continue
            if number and trial.key.model in earlier:
                trial.key = trial.key.model_copy(update={"model": f"{trial.key.model} (second run)"})
            yield trial
