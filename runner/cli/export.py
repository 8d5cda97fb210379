"""`taskfit export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from runner.cli.options import Public, Redact, privacy


def export(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    to: Annotated[
        Literal["csv", "markdown", "parquet", "junit"],
        typer.Option("--format", help="csv, markdown, parquet or junit."),
    ] = "csv",
    table: Annotated[
        Literal["trials", "measures"], typer.Option(help="One row a trial, or one a model and measure.")
    ] = "trials",
    out: Annotated[Path | None, typer.Option(help="The file; standard output when left out.")] = None,
    redact: Redact = False,
    public: Public = False,
) -> None:
    """Write a run's trials or measures for other programs."""
    from runner.errors import UserError
    from runner.folder import RunFolder
    from runner.report import export as formats
    from runner.report.privacy import View
    from runner.report.summary import profiles
    from runner.visible import visible

    def problem(text: str) -> None:
        print(f"taskfit: {visible(text)}", file=sys.stderr)

    view = View(RunFolder(folder.resolve()), privacy(redact, public))
    if to == "junit":
        data = formats.as_junit(map(view.record, view.records(problem)))
    else:
        if table == "trials":
            rows = formats.trial_rows(map(view.record, view.records(problem)))
        else:
            rows = formats.measure_rows(profiles(view.records(problem)))
        data = {"csv": formats.as_csv, "markdown": formats.as_markdown, "parquet": formats.as_parquet}[to](rows)
    if out is None:
        sys.stdout.buffer.write(data)
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise UserError(f"{out}: cannot be written: {error}") from None
