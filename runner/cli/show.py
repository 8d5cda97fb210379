"""`taskfit show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def show(
    trial: Annotated[
        str,
        typer.Argument(
            metavar="TRIAL[@STEP]",
            help="A trial's folder, its name within the latest run, or a transcript; and a step.",
        ),
    ],
    step: Annotated[int | None, typer.Option(min=0, help="Only this step, in full.")] = None,
    grep: Annotated[str, typer.Option(help="Only steps that hold this text (case does not matter).")] = "",
    only: Annotated[
        list[str] | None, typer.Option(help="Only approvals, faults, denials, challenges, calls, errors or tests.")
    ] = None,
    beside: Annotated[
        str | None, typer.Option(metavar="TRIAL", help="Another trial of the scenario: where the two part, and then.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The events as JSON lines.")] = False,
) -> None:
    """Read a trial's transcript, step by step."""
    from rich.console import Console

    from runner.cli.places import transcript_of, with_step
    from runner.console.selection import SELECTIONS, selected
    from runner.console.transcript import chosen, render
    from runner.errors import UnknownName, UserError
    from runner.trials.transcript import read

    named, at = with_step(trial)
    file = transcript_of(named)
    if beside is not None:
        if json or only or grep or step is not None or at is not None:
            raise UserError("--beside shows two whole trials; leave the other options out")
        _side_by_side(file, transcript_of(with_step(beside)[0]))
        return
    step = at if step is None else step
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


def _side_by_side(left: Path, right: Path) -> None:
    from rich.console import Console

    from runner.alignment import beside, patches_apart
    from runner.console.beside import patches, table

    console = Console()
    console.print(table(beside(left, right)), highlight=False)
    texts = [text for file in (left, right) if (text := _patch(file)) is not None]
    if len(texts) == 2:
        console.print(patches(patches_apart(*texts)), highlight=False)
    else:
        console.print(f"{'one' if texts else 'neither'} of them has left a patch", style="dim", highlight=False)


def _patch(transcript: Path) -> str | None:
    """Of the trial; None where it has left none."""
    from runner.regular import content

    try:
        return content(transcript.with_name("patch.diff")).decode("utf-8", "replace")
    except OSError:
        return None
