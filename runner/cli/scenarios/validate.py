"""`taskfit scenarios validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
import typer.core

from runner.counting import number_of
from runner.cli.scenarios.options import AsJson, Globs, Places, load

if TYPE_CHECKING:
    from typer._click.core import Context

    from runner.quality.validation import Finding

MUTANTS = "12"
"""As many as `--mutants` without a number stands for (`runner.quality.survival.MOST`)."""


def validate(
    scenario: Globs = None,
    scenarios: Places = None,
    repeats: Annotated[int, typer.Option(min=1, help="Gradings of base and reference each.")] = 3,
    concurrency: Annotated[int, typer.Option(min=1, help="Gradings at a time.")] = 2,
    mutants: Annotated[
        int,
        typer.Option(
            min=0,
            max=1000,
            metavar="[N]",
            help=f"Also grade up to N ({MUTANTS}) slightly wrong versions of each reference fix; takes as many gradings.",
        ),
    ] = 0,
    json: AsJson = False,
) -> None:
    """Prove scenarios: the base fails, the reference passes, the rest passes before and after, every time."""
    import json as json_module
    import threading

    from rich.console import Console

    from runner.quality.validation import Proving, validate_all
    from runner.visible import visible
    from sandboxes.host import ensure_engine

    console = Console(stderr=True)
    printing = threading.Lock()
    found = load(scenario, scenarios)
    how = Proving(repeats, concurrency, mutants)
    with console.status(f"proving {number_of(len(found), 'scenario')}") as status:

        def say(text: str) -> None:
            console.print(visible(text, newlines=True), style="dim", markup=False, highlight=False)

        def progress(text: str) -> None:
            status.update(visible(text).replace("[", r"\["))

        def tell(finding: Finding) -> None:
            if json:
                return
            with printing:  # standard output and the status on standard error may share a terminal's line
                status.stop()
                _print(finding)
                status.start()

        findings = validate_all(found, ensure_engine(say), how, say=say, tell=tell, progress=progress)
    if json:
        print(json_module.dumps([finding.model_dump(mode="json") for finding in findings]))
    failed = sum(not finding.ok for finding in findings)
    doubtful = sum(bool(finding.warnings) for finding in findings)
    warned = f", {doubtful} with a warning" if doubtful else ""
    say(f"{len(findings) - failed} of {len(findings)} scenarios hold{warned}, {number_of(repeats, 'grading')} of base and reference each")
    raise typer.Exit(1 if failed else 0)


def _print(finding: Finding) -> None:
    """A line for the scenario, and below it what is doubtful, with the mutants that no test noticed."""
    from rich.console import Console

    from runner.visible import visible

    console = Console()

    def line(text: str, style: str) -> None:
        console.print(visible(text), style=style, markup=False, highlight=False, soft_wrap=True)

    line(f"{finding.code:<28} {finding.line}", "green" if finding.ok else "red")
    if finding.flaky is not None:
        for test in finding.flaky.tests:
            line(f"  differs: {test}", "red")
    for warning in finding.warnings:
        line(f"  warning: {warning}", "yellow")
    for mutant in finding.mutation.survivors if finding.mutation is not None else ():
        line(f"  survives, unless it means the same: {mutant.operator}, {mutant.path}:{mutant.line}", "yellow")
        for each in mutant.diff.splitlines()[2:]:
            line(f"    {each}", "dim")


class ValidateCommand(typer.core.TyperCommand):
    """A command whose `--mutants` may go without a number."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Without a number, the usual one."""
        followers = [*args, "--"][1:]
        given = [
            f"{each}={MUTANTS}" if each == "--mutants" and not follower.isdecimal() else each
            for each, follower in zip(args, followers, strict=True)
        ]
        return super().parse_args(ctx, given)
