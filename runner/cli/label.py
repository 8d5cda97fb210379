"""`taskfit label` and `taskfit labels`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from runner.labels.mark import RightAnswer


def label(
    step: Annotated[str, typer.Argument(metavar="TRIAL@STEP", help="As `taskfit search` prints it.")],
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="LABEL", help="wrong-root-cause, lucky-fix, policy-breach, good-recovery, or one of your own."
        ),
    ] = None,
    note: Annotated[str, typer.Option(help="Free words.")] = "",
    answer: Annotated[str | None, typer.Option(help="Of a call: approve or deny, what the right answer was.")] = None,
    ask: Annotated[
        bool | None, typer.Option("--ask/--no-ask", help="Of a call: whether it should have been asked for.")
    ] = None,
    reader: Annotated[str | None, typer.Option(help="Who says so; your login when left out.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take back what you said of the step.")] = False,
) -> None:
    """Label a step of a transcript, write a note on it, or say what the right answer to a request was."""
    from runner.cli.places import transcript_of, with_step
    from runner.errors import UserError
    from runner.labels.file import LabelFile, reader_name
    from runner.labels.mark import label_name
    from runner.labels.steps import place
    from runner.visible import visible

    trial, number = with_step(step)
    if number is None:
        raise UserError(f"name the step, too, as in {step}@17; `taskfit show {step}` numbers them")
    where = place(transcript_of(trial), number)
    file, who = LabelFile(where.run), reader_name(reader or _login())
    if remove:
        wanted = label_name(name) if name else None
        about = (where.trial, where.attempt, where.step)
        mine = [
            mark
            for mark in file.marks()
            if (mark.trial, mark.attempt, mark.step) == about and mark.reader == who and wanted in (None, mark.label)
        ]
        if not mine:
            raise UserError(f"{visible(who)} has said nothing{f' like {wanted}' if wanted else ''} of this step")
        for mark in mine:
            file.withdraw(mark.id, who)
        return
    mark = file.add(where, who, label=name or "", note=note, answer=_answer(answer), ask=ask)
    print(f"{visible(where.trial)}@{where.step}: {visible(mark.label or 'noted')} by {visible(mark.reader)}")


def labels(
    run: Annotated[Path | None, typer.Argument(help="A run's folder; the latest in runs/ when left out.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV on standard output.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON on standard output, with the agreement.")] = False,
) -> None:
    """What readers have said of a run's steps, and how far they agree (Cohen's κ)."""
    from rich.console import Console

    from runner.cli.places import RUNS
    from runner.console.labels import tables
    from runner.errors import UserError
    from runner.labels.agreement import agreements
    from runner.labels.file import LabelFile
    from runner.labels.table import lines, written
    from runner.messages import to_json
    from runner.runs.folder import RunFolder, latest_run
    from runner.visible import visible

    if csv and json:
        raise UserError("--csv and --json are two forms of the same; give one")
    folder = RunFolder(run.resolve()) if run is not None else latest_run(RUNS)
    folder.lock()
    marks = LabelFile(folder.path).marks(lambda text: print(f"taskfit: {visible(text)}", file=sys.stderr))
    found = lines(folder.path, marks)
    if csv:
        sys.stdout.buffer.write(written(found).encode("utf-8"))
    elif json:
        both = b",\n ".join(map(to_json, found)), b",\n ".join(map(to_json, agreements(marks)))
        sys.stdout.buffer.write(b'{"schema":1,"labels":[%s],\n"agreement":[%s]}\n' % both)
    else:
        console = Console()
        for table in tables(found, agreements(marks)):
            console.print(table, highlight=False)


def _answer(text: str | None) -> RightAnswer | None:
    from runner.errors import UnknownName

    match text:
        case None | "approve" | "deny":
            return text
    raise UnknownName("answer", text, ("approve", "deny"))


def _login() -> str:
    import getpass

    from runner.errors import UserError

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise UserError("nobody knows your login here; say who you are with --reader NAME") from None
