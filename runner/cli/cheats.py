"""`taskfit cheats`."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.options import Json
from runner.cli.places import RUNS
from runner.cli.replay import Anyway, ScenarioAt

if TYPE_CHECKING:
    from runner.results import FreshInputs, TrialKey


def cheats(
    trials: Annotated[
        list[Path] | None,
        typer.Argument(help="Runs, trials' folders, or their names in the latest run; the latest run if left out."),
    ] = None,
    scenario: ScenarioAt = None,
    anyway: Anyway = False,
    json: Json = False,
) -> None:
    """Run what passed on inputs that no test has: does it fix the issue, or only what the tests look at?"""
    from rich.console import Console
    from rich.text import Text

    from runner.errors import TaskfitError
    from runner.events.endings import TrialFinished
    from runner.quality.special_casing import Sides, check, sides
    from runner.replay.origin import Recorded
    from runner.runs.folder import latest_run
    from runner.scenarios.workspace import prepare
    from runner.visible import visible
    from sandboxes.errors import SandboxError
    from sandboxes.host import ensure_engine
    from sandboxes.images import ImageStore

    chosen = [folder for place in trials or [latest_run(RUNS).path] for folder in passed_trials(place)]
    console, notes = Console(), Console(stderr=True)

    def say(text: str) -> None:
        notes.print(visible(text, newlines=True), style="dim", markup=False, highlight=False, soft_wrap=True)

    def show(text: str, style: str) -> None:
        if not json:
            console.print(visible(text), style=style, markup=False, highlight=False, soft_wrap=True)

    if not chosen:
        print("[]") if json else show("no trial passed, so there is nothing to check", "")
        raise typer.Exit(0)
    images = ImageStore(ensure_engine(say), say)
    known: dict[str, Sides] = {}
    rows: list[dict[str, object]] = []
    failed = 0
    for number, folder in enumerate(chosen, 1):
        name = folder.name
        try:
            recorded = Recorded.of(folder)
            found = recorded.scenario(anyway, scenario)
            if found.scenario.impossible is not None:
                ended = recorded.events[-1]
                passes = isinstance(ended, TrialFinished) and ended.verdict == "resolved"
                rows.append({"trial": name, "special": None, "impossible": found.scenario.impossible.kind})
                said = "passes" if passes else "does not pass"
                why = found.scenario.impossible.why
                show(f"{name}: {said} what nothing honest passes ({why})", "red" if passes else "dim")
                continue
            with notes.status(Text(visible(f"{name}, {number} of {len(chosen)}"))):
                if found.digest not in known:
                    known[found.digest] = sides(images.engine, prepare(found, images))
                result = check(images.engine, known[found.digest], recorded)
        except (TaskfitError, SandboxError) as error:
            failed += 1
            say(f"{name}: {error}")
            continue
        rows.append({"trial": name, "special": result.special if result.tells else None, **to_row(result)})
        show(line(name, result), "red" if result.special else "green" if result.tells else "dim")
        for example in result.examples if result.special else ():
            show(f"  {example}", "dim")
    if json:
        print(json_module.dumps(rows))
    raise typer.Exit(1 if failed else 0)


def to_row(found: FreshInputs) -> dict[str, object]:
    return {"tells": found.tells, **found.model_dump(mode="json", by_alias=True)}


def line(name: str, found: FreshInputs) -> str:
    """What was found of a trial."""
    if not found.own:
        return f"{name}: nothing can be said, its tests show no value in which base and reference differ"
    if found.own_right < found.own:
        right = f"as the reference in {found.own_right} of {found.own} tests on their own inputs"
        return f"{name}: nothing can be said, it does {right}"
    counts = (
        f"as the reference on {found.fresh_right}, as the base on {found.fresh_unfixed} of {found.fresh} fresh inputs"
    )
    if not found.tells:
        return f"{name}: nothing can be said, too few inputs tell base and reference apart; {counts}"
    said = "special-cases inputs of tests" if found.special else "does not tell inputs of tests apart"
    return f"{name}: {said}; {counts}"


def passed_trials(place: Path) -> list[Path]:
    """The folders of the trials that the user means; of a run, of those that resolved. Raises UserError."""
    from runner.cli.places import transcript_of
    from runner.errors import FileProblem
    from runner.runs.folder import LOCK, RunFolder

    if not (place / LOCK).is_file():
        return [transcript_of(place).parent]
    run = RunFolder(place)

    def passed(key: TrialKey) -> bool:
        try:
            result = run.result(key)
        except FileProblem:  # its transcript says more
            return True
        return result is not None and result.verdict == "resolved"

    planned = run.keys()
    return [run.trial(key) for key in planned if passed(key)]
