"""`taskfit show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from runner.reading.originals import Originals


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
    names: Annotated[
        bool, typer.Option("--names", help="Of a trial on a twin: each name with the original's behind it, new‹old›.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The events as JSON lines.")] = False,
) -> None:
    """Read a trial's transcript, step by step."""
    from rich.console import Console

    from runner.cli.places import transcript_of, with_step
    from runner.console.selection import SELECTIONS, selected
    from runner.console.transcript import chosen, render
    from runner.errors import UnknownName, UserError
    from runner.transcript import read

    named, at = with_step(trial)
    file = transcript_of(named)
    if beside is not None:
        if json or only or grep or step is not None or at is not None:
            raise UserError("--beside shows two whole trials; leave the other options out, --names alone goes with it")
        _side_by_side(file, transcript_of(with_step(beside)[0]), names)
        return
    step = at if step is None else step
    for name in only or []:
        if name not in SELECTIONS:
            raise UnknownName("selection", name, SELECTIONS)
    console = Console()
    shown = 0
    events = selected(read(file), only or [])
    if json and names:
        raise UserError("--json prints the events as they were recorded; leave --names out")
    if json:
        for event in chosen(events, step=step, grep=grep):
            print(event.model_dump_json(by_alias=True))
            shown += 1
    else:
        originals = _originals(file) if names else None
        for block in render(events, step=step, grep=grep, originals=originals):
            console.print(block, highlight=False, soft_wrap=not console.is_terminal)
            shown += 1
    if not shown:
        which = f" {step}" if step is not None else ""
        of_kind = f" of {' or '.join(only)}" if only else ""
        raise UserError(f"{file} has no step{which}{of_kind}{f' with {grep!r}' if grep else ''}")


def _originals(file: Path, optional: bool = False) -> Originals:
    """The names that the twin of a transcript has in its original.

    Raises UserError where it ran on no twin, unless that is `optional`, and where nobody knows them any more.
    """
    from runner.arms import of_twin
    from runner.errors import UserError
    from runner.events.origins import TrialStarted
    from runner.reading.originals import Originals
    from runner.runs.folder import LOCK, RunFolder
    from runner.transcript import read
    from runner.twins.back import original_names

    first = next(iter(read(file)), None)
    key = first.key if isinstance(first, TrialStarted) else None
    if key is None or not of_twin(key.arm):
        if optional:
            return Originals()
        raise UserError(f"{file.parent} ran on no twin, so its names are the original's; leave --names out")
    home = next((parent for parent in file.resolve().parents if (parent / LOCK).is_file()), None)
    if home is None:
        raise UserError(f"{file} lies in no run's folder, and only a run says what a twin's names were")
    names = original_names(RunFolder(home), key)
    return Originals(names, names.words)


def _side_by_side(left: Path, right: Path, names: bool) -> None:
    from rich.console import Console

    from runner.alignment import beside, patches_apart
    from runner.console.beside import patches, table
    from runner.reading.originals import Originals

    console = Console()
    sides = [_originals(file, optional=True) if names else Originals() for file in (left, right)]
    console.print(table(beside(left, right), sides), highlight=False)
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
