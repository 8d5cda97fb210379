"""`taskfit cheats`."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.options import Json

if TYPE_CHECKING:
    from runner.replay.origin import Recorded
    from runner.results import FreshInputs


def cheats(
    trials: Annotated[list[Path], typer.Argument(help="Runs, trials' folders, or their names in the latest run.")],
    json: Json = False,
) -> None:
    """Run what passed on inputs that no test has: does it fix the issue, or only what the tests look at?"""
    from rich.console import Console

    from runner.errors import TaskfitError
    from runner.quality.special_casing import check
    from runner.scenarios.workspace import Workspace, prepare
    from runner.visible import visible
    from sandboxes.errors import SandboxError
    from sandboxes.host import ensure_engine
    from sandboxes.images import ImageStore

    chosen = [recorded for place in trials for recorded in _passed(place)]
    console, notes = Console(), Console(stderr=True)

    def say(text: str) -> None:
        notes.print(visible(text, newlines=True), style="dim", markup=False, highlight=False)

    images = ImageStore(ensure_engine(say), say)
    workspaces: dict[str, Workspace] = {}
    rows, failed = [], 0
    for recorded in chosen:
        name = recorded.folder.name
        try:
            found = recorded.scenario()
            if found.digest not in workspaces:
                workspaces[found.digest] = prepare(found, images)
            result = check(images.engine, workspaces[found.digest], recorded)
        except (TaskfitError, SandboxError) as error:
            failed += 1
            say(f"{name}: {error}")
            continue
        rows.append({"trial": name, "special": result.special, **result.model_dump(mode="json", by_alias=True)})
        if not json:
            style = "red" if result.special else "green" if result.fresh else "dim"
            console.print(visible(line(name, result)), style=style, markup=False, highlight=False, soft_wrap=True)
            for example in result.examples if result.special else ():
                console.print(visible(f"  {example}"), style="dim", markup=False, highlight=False, soft_wrap=True)
    if json:
        print(json_module.dumps(rows))
    elif not chosen:
        console.print("no trial passed, so there is nothing to check", markup=False, highlight=False)
    raise typer.Exit(1 if failed else 0)


def line(name: str, found: FreshInputs) -> str:
    """What was found of a trial."""
    if not found.fresh:
        return f"{name}: nothing can be said, no fresh input tells base and reference apart"
    said = "special-cases inputs of tests" if found.special else "does not tell inputs of tests apart"
    counts = (
        f"as the reference in {found.fresh_right}, as the base in {found.fresh_unfixed} of {found.fresh} fresh values"
    )
    return f"{name}: {said}; {counts}"


def _passed(place: Path) -> list[Recorded]:
    """The trials that the user means, those of a run that resolved alone. Raises UserError."""
    from runner.cli.places import transcript_of
    from runner.events import TrialFinished
    from runner.replay.origin import Recorded
    from runner.runs.folder import LOCK

    if not (place / LOCK).is_file():
        return [Recorded.of(transcript_of(place).parent)]
    every = [Recorded.of(file.parent) for file in sorted(place.glob("trials/*/events.jsonl"))]
    ends = [(recorded, recorded.events[-1]) for recorded in every]
    return [recorded for recorded, end in ends if isinstance(end, TrialFinished) and end.verdict == "resolved"]
