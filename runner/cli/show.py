"""`taskfit show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def show(
    trial: Annotated[Path, typer.Argument(help="A trial's folder, its name within the latest run, or a transcript.")],
    step: Annotated[int | None, typer.Option(min=0, help="Only this step, in full.")] = None,
    grep: Annotated[str, typer.Option(help="Only steps that hold this text (case does not matter).")] = "",
    only: Annotated[
        list[str] | None, typer.Option(help="Only approvals, faults, denials, challenges, calls, errors or tests.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The events as JSON lines.")] = False,
) -> None:
    """Read a trial's transcript, step by step."""
    from rich.console import Console

    from runner.console.selection import SELECTIONS, selected
    from runner.console.transcript import chosen, render
    from runner.errors import UnknownName, UserError
    from runner.transcript import read

    file = transcript(trial)
    for name in only or []:
        if name not in SELECTIONS:
            raise UnknownName("selection", name, SELECTIONS)
    console = Console()
    shown = 0
    events = selected(read(file), only or [])
    if json:
        for event in chosen(events, step=step, grep=grep):
            print(event.model_dump_json(by_alias=True))
            shown += 1
    else:
        for block in render(events, step=step, grep=grep):
            console.print(block, highlight=False, soft_wrap=not console.is_terminal)
            shown += 1
    if not shown:
        which = f" {step}" if step is not None else ""
        of_kind = f" of {' or '.join(only)}" if only else ""
        raise UserError(f"{file} has no step{which}{of_kind}{f' with {grep!r}' if grep else ''}")


def transcript(trial: Path) -> Path:
    """The file that the user means. Raises UnknownName with trials that are near."""
    from runner.errors import UnknownName, UserError
    from runner.folder import latest_run

    for candidate in (trial, trial / "events.jsonl"):
        if candidate.is_file():
            return candidate
    if trial.is_dir():
        raise UserError(f"{trial} holds no events.jsonl; name a trial's folder, as in {trial}/trials/…")
    run = latest_run(Path("runs"))
    file = run.path / "trials" / trial.name / "events.jsonl"
    if file.is_file():
        return file
    known = [path.parent.name for path in run.path.glob("trials/*/events.jsonl")]
    raise UnknownName(f"trial in {run.path}", str(trial), known)
