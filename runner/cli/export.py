"""`taskfit export`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from runner.cli.options import Public, Redact, privacy
from runner.counting import number_of

if TYPE_CHECKING:
    from runner.report.privacy import View
    from runner.runs.folder import RunFolder
    from runner.trajectories.base import ExportFormat

Format = Literal["csv", "markdown", "parquet", "junit", "swebench", "atif", "inspect", "sweagent", "mini", "otel"]


def export(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    to: Annotated[
        Format,
        typer.Option(
            "--to",
            "--format",
            help="Tables: csv, markdown, parquet, junit. swebench: predictions for its harness. Trajectories: atif, "
            "inspect (.eval), sweagent (.traj), mini (mini-swe-agent), otel (OpenTelemetry spans).",
        ),
    ] = "csv",
    table: Annotated[
        Literal["trials", "measures", "events"],
        typer.Option(help="Of tables: one row a trial, a model and measure, or a step."),
    ] = "trials",
    trial: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Of trajectories and events: only these trials.")
    ] = None,
    repeat: Annotated[
        int, typer.Option(min=0, help="Of swebench: which repeat's patches; 0 for all, a file each.")
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="The file, or a folder where there are several; standard output when left out."),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Of otel: send the spans there over OTLP/HTTP; nothing is by default."),
    ] = None,
    header_variable: Annotated[
        str, typer.Option(metavar="NAME", help="With --endpoint: the variable that holds the Authorization header.")
    ] = "",
    redact: Redact = False,
    public: Public = False,
) -> None:
    """Write a run's trials, measures, patches or transcripts for other programs."""
    from runner.errors import UserError
    from runner.report import export as formats
    from runner.report.privacy import View
    from runner.report.summary import profiles
    from runner.runs.folder import RunFolder
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
    if endpoint is not None and to != "otel":
        raise UserError("--endpoint is for --to otel")
    if to in ("atif", "inspect", "sweagent", "mini", "otel"):
        if endpoint is not None:
            _send(view, trial or [], endpoint, header_variable, problem)
        else:
            _trajectories(view, to, trial or [], out, problem)
        return
    if to == "junit":
        data = formats.as_junit(map(view.record, view.records(problem)))
    else:
        if table == "events":
            rows = list(_event_rows(view, trial or [], problem))
        elif table == "trials":
            rows = formats.trial_rows(map(view.record, view.records(problem)))
        else:
            rows = formats.measure_rows(profiles(view.records(problem)))
        data = {"csv": formats.as_csv, "markdown": formats.as_markdown, "parquet": formats.as_parquet}[to](rows)
    _write(data, out)


def _trajectories(
    view: View, to: ExportFormat, wanted: list[str], out: Path | None, problem: Callable[[str], None]
) -> None:
    """Files, and beside them what was lost. Raises UserError."""
    from runner.errors import UserError
    from runner.trajectories.exporting import Outlet, chosen, export, trials
    from runner.visible import visible

    if out is None:
        raise UserError(f"--to {to} writes files; name a folder with --out")
    keys = chosen(view, wanted)
    outlet = Outlet(out, single=bool(out.suffix) and not out.is_dir())
    losses = export(trials(view, keys, problem), to, outlet.write)
    if not outlet.written:
        raise UserError(f"{view.run.path}: none of its {len(keys)} trials has a transcript")
    beside = outlet.write_losses(losses)
    for sentence in losses.sentences():
        problem(sentence)
    print(visible(f"{number_of(len(outlet.written), 'file')} in {out}; what they could not hold is in {beside}"))


def _send(view: View, wanted: list[str], endpoint: str, variable: str, problem: Callable[[str], None]) -> None:
    """Spans to an address, a trial a request. Raises UserError."""
    from runner.messages import to_plain
    from runner.trajectories.base import Losses
    from runner.trajectories.exporting import TITLES, chosen, trials
    from runner.trajectories.otel import request
    from runner.trajectories.otlp import Sender

    losses = Losses(TITLES["otel"])
    sender = Sender(endpoint, variable)
    try:
        for each in trials(view, chosen(view, wanted), problem):
            sender.send(to_plain(request(each, losses)))
    finally:
        sender.close()
    for sentence in losses.sentences():
        problem(sentence)
    print(f"{sender.sent} trials sent to {sender.address}")


def _event_rows(view: View, wanted: list[str], problem: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    from runner.report.export import event_rows
    from runner.trajectories.exporting import chosen, trials

    for each in trials(view, chosen(view, wanted), problem):
        yield from event_rows(each.key, each.events)


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
    from runner.cli.writing import write_whole

    if out is None:
        sys.stdout.buffer.write(data)
    else:
        write_whole(out, data)
