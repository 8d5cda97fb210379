"""`taskfit export`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from runner.cli.options import Public, Redact, privacy

if TYPE_CHECKING:
    from runner.folder import RunFolder


def export(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    to: Annotated[
        Literal["csv", "markdown", "parquet", "junit", "swebench"],
        typer.Option("--format", help="csv, markdown, parquet, junit, or swebench: predictions for its harness."),
    ] = "csv",
    table: Annotated[
        Literal["trials", "measures"], typer.Option(help="One row a trial, or one a model and measure.")
    ] = "trials",
    repeat: Annotated[
        int, typer.Option(min=0, help="Of swebench: which repeat's patches; 0 for all, a file each.")
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="The file, or for several predictions a folder; standard output when left out."),
    ] = None,
    redact: Redact = False,
    public: Public = False,
) -> None:
    """Write a run's trials, measures or patches for other programs."""
    from runner.errors import UserError
    from runner.folder import RunFolder
    from runner.report import export as formats
    from runner.report.privacy import View
    from runner.report.summary import profiles
    from runner.visible import visible

    def problem(text: str) -> None:
        print(f"taskfit: {visible(text)}", file=sys.stderr)

    run = RunFolder(folder.resolve())
    if to == "swebench":
        if redact or public:
            raise UserError("predictions are patches, which cannot be redacted; leave --redact and --public out")
        _predictions(run, repeat or None, out, problem)
        return
    view = View(run, privacy(redact, public))
    if to == "junit":
        data = formats.as_junit(map(view.record, view.records(problem)))
    else:
        if table == "trials":
            rows = formats.trial_rows(map(view.record, view.records(problem)))
        else:
            rows = formats.measure_rows(profiles(view.records(problem)))
        data = {"csv": formats.as_csv, "markdown": formats.as_markdown, "parquet": formats.as_parquet}[to](rows)
    _write(data, out)


def _predictions(run: RunFolder, repeat: int | None, out: Path | None, problem: Callable[[str], None]) -> None:
    """One file where there is one model and one repeat, else one each in a folder. Raises UserError."""
    from runner.errors import UserError
    from runner.report.predictions import predictions

    parts = predictions(run, repeat, problem)
    if not parts:
        raise UserError(f"{run.path} has no patch of an imported scenario's control arm")
    if len(parts) == 1 and (out is None or out.suffix == ".jsonl"):
        _write(next(iter(parts.values())), out)
    elif out is None or out.suffix == ".jsonl":
        raise UserError(f"there are {len(parts)} models and repeats, a file each; name a folder with --out")
    else:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{out}: no folder can be made there: {error}") from None
        for part, data in parts.items():
            _write(data, out / ("predictions.jsonl" if len(parts) == 1 else part.file))


def _write(data: bytes, out: Path | None) -> None:
    from runner.errors import UserError

    if out is None:
        sys.stdout.buffer.write(data)
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise UserError(f"{out}: cannot be written: {error}") from None
