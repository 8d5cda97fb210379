"""`taskfit report`."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from runner.cli.options import Json, Public, Redact, privacy, program
from runner.exits import UNFAIR

if TYPE_CHECKING:
    from typer._click.core import Context

    from runner.report.privacy import Mode, View
    from runner.report.summary import Profile
    from runner.runs.folder import RunFolder


PAGE = "report.html"
PAGES: dict[Mode, str] = {"local": PAGE, "redacted": "report-redacted.html", "public": "report-public.html"}


def report(
    folder: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RUN", help="The run's folder; the latest in runs/ when left out; several as one."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every measure that has a number.")] = False,
    why: Annotated[
        str | None, typer.Option(metavar="MEASURE", help="What a measure is, and the steps behind its numbers.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="With --why: of this model alone.")] = None,
    html: Annotated[
        str | None,
        typer.Option(metavar="[FILE]", help="Write the report as one HTML file; RUN/report.html when left out."),
    ] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(metavar="MEASURE=VALUE", help="Exit 1 where a model's value is lower, or there is none."),
    ] = None,
    redact: Redact = False,
    public: Public = False,
    json: Json = False,
) -> None:
    """Print what a run says about its models, from its transcripts alone; works while it runs."""
    from runner.errors import UserError
    from runner.report.privacy import View
    from runner.runs.folder import RunFolder, latest_run
    from runner.visible import visible

    mode = privacy(redact, public)
    if mode != "local" and (why is not None or (folder and len(folder) > 1)):
        raise UserError("--redact and --public are for the whole report of one run")
    if folder and len(folder) > 1:
        _print_pooled([RunFolder(each.resolve()) for each in folder], json, every)
        return
    run = RunFolder(folder[0].resolve()) if folder else latest_run(Path("runs"))
    if why is not None:
        _explain(run, why, model)
        return
    if html is not None:
        file = Path(html) if html else run.path / PAGES[mode]
        write_page(run, file, mode)
        print(visible(str(file)))
    elif not print_report(run, json, every, mode):
        raise UserError(f"{run.path}: none of its {len(run.keys())} trials is done yet")
    if fail_under and not _holds(View(run, mode), fail_under, model):
        raise typer.Exit(1)


def _print_pooled(runs: list[RunFolder], as_json: bool, every: bool) -> None:
    """Several runs as one; exit 3 where they are not comparable."""
    from rich.console import Console

    from runner.console import tables
    from runner.report.pooled import Unfair, pooled
    from runner.visible import visible

    def problem(text: str) -> None:
        print(f"taskfit: {visible(text)}", file=sys.stderr)

    try:
        found = pooled(runs, problem)
    except Unfair as error:
        print(f"taskfit: {visible(str(error))}", file=sys.stderr)
        raise typer.Exit(UNFAIR) from None
    if as_json:
        models = {name: _plain(profile) for name, profile in found.items()}
        whole = {"schema": 1, "runs": [str(run.path) for run in runs], "models": models}
        print(json_module.dumps(whole, allow_nan=False))
        return
    Console().print(tables.report(found, every))


def _plain(profile: Profile) -> dict[str, Any]:
    """A profile as the JSON report has it."""
    return {
        "trials": profile.trials,
        "verdicts": profile.verdicts,
        "arms": profile.arms,
        "impossible": profile.impossible,
        "bounds": profile.bounds,
        "prices": profile.prices,
        **{measure: finding.model_dump() for measure, finding in profile.measures.items()},
    }


def _holds(view: View, thresholds: list[str], model: str | None) -> bool:
    """Whether every model's value is as high as asked; says on standard error which is not. Raises UserError."""
    from runner.errors import UnknownName, UserError
    from runner.measures.catalogue import MEASURES
    from runner.visible import visible

    good = True
    found = _profiles(view, [])
    for threshold in thresholds:
        name, _, text = threshold.partition("=")
        if name not in MEASURES:
            raise UnknownName("measure", name, MEASURES)
        try:
            least = float(text)
        except ValueError:
            raise UserError(f"--fail-under {threshold}: write MEASURE=VALUE, as in resolved=0.6") from None
        for each, profile in found.items():
            finding = profile.measures[name]
            if (model is None or each == model) and (finding.value is None or finding.value < least):
                value = finding.reason if finding.value is None else f"{finding.value:.3f} (n={finding.n})"
                print(f"taskfit: {visible(each)}: {name} is under {least:g}: {value}", file=sys.stderr)
                good = False
    return good


class ReportCommand(typer.core.TyperCommand):
    """A command whose `--html` may go without a value."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """An empty value stands for none."""
        followers = [*args, "--"][1:]
        given = [
            f"{each}=" if each == "--html" and follower.startswith("-") else each
            for each, follower in zip(args, followers, strict=False)
        ]
        return super().parse_args(ctx, given)


def write_page(run: RunFolder, file: Path, mode: Mode = "local") -> None:
    """The report as one HTML file, whole or not at all. Raises FileProblem where it cannot be written."""
    from runner.cli.writing import write_whole
    from runner.report.page import html
    from runner.visible import visible

    text = html(run, lambda problem: print(f"taskfit: {visible(problem)}", file=sys.stderr), mode)
    write_whole(file, text)


def print_report(folder: RunFolder, as_json: bool, every: bool = False, mode: Mode = "local") -> bool:
    """The run's report: a table, or JSON; what could not be read goes to standard error. False without a trial."""
    from rich.console import Console

    from runner.console import tables
    from runner.errors import FileProblem
    from runner.report.privacy import View
    from runner.report.summary import pareto

    problems: list[str] = []
    view = View(folder, mode)
    found = view.profiles(_profiles(view, problems))
    if not found:
        return False
    results = []
    planned = view.keys()
    for key in planned:
        try:
            results += [view.result(result)] if (result := folder.result(key)) is not None else []
        except FileProblem:  # told of already
            continue
    if as_json:
        models = {name: _plain(profile) for name, profile in found.items()}
        whole = {
            "schema": 1,
            "run": str(folder.path) if mode == "local" else view.name,
            "privacy": {"mode": mode, "private_scenarios": len(view.private), "note": view.note},
            "planned": len(planned),
            "problems": view.problems(problems),
            "pareto": pareto(found),
            "models": models,
            "trials": [result.model_dump(mode="json", by_alias=True) for result in results],
        }
        print(json_module.dumps(whole, allow_nan=False))
        return True
    console = Console()
    console.print(tables.trials(results))
    console.print(tables.report(found, every))
    if mode != "local" and view.note:
        console.print(view.note, style="dim", markup=False, highlight=False)
    return True


def _profiles(view: View, problems: list[str]) -> Mapping[str, Profile]:
    from itertools import chain

    from runner.report.summary import profiles
    from runner.visible import visible

    def problem(text: str) -> None:
        problems.append(text)
        print(f"taskfit: {visible(text)}", file=sys.stderr)

    return profiles(chain(view.records(problem), view.probes(problem)))


def _explain(run: RunFolder, name: str, model: str | None) -> None:
    """A measure in words, each model's number, and the steps that it comes from."""
    from rich.console import Console

    from runner.console.tables import number
    from runner.errors import UnknownName
    from runner.measures.catalogue import MEASURES
    from runner.report.numbers import STYLES
    from runner.report.privacy import View
    from runner.visible import visible

    if name not in MEASURES:
        raise UnknownName("measure", name, MEASURES)
    found = _profiles(View(run), [])
    if model is not None and model not in found:
        raise UnknownName(f"model in {run.path}", model, found)
    measure = MEASURES[name]
    console = Console()
    console.print(measure.doc, style="dim", markup=False, highlight=False)
    console.print(" ".join((measure.estimator.__doc__ or "").split()), style="dim", markup=False, highlight=False)
    for each, profile in found.items():
        if model is not None and each != model:
            continue
        finding = profile.measures[name]
        line = number(finding, *STYLES[measure.unit])
        console.print(f"\n{visible(each)}: ", style="bold", end="", markup=False, highlight=False)
        console.print(line, f"({finding.n} scenarios, {finding.trials} trials)", highlight=False)
        if finding.readers:
            words = f"  {finding.readers} labels are readers' (taskfit labels), the others scenarios' and effects'"
            console.print(words, style="dim", highlight=False, markup=False)
        for point in finding.curve:
            bounds = f" [{point.low:.2f}–{point.high:.2f}]" if point.low is not None and point.high is not None else ""
            console.print(f"  {point.x:g}: {point.value:.2f}{bounds} n={point.n}", highlight=False, markup=False)
        for link in finding.evidence:
            trial, _, step = link.rpartition("#")
            command = f"  {program()} show {run.path / 'trials' / trial} --step {step}"
            console.print(visible(command), highlight=False, markup=False, soft_wrap=True)
