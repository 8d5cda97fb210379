"""`taskfit scenarios framings`."""

from __future__ import annotations

import typer

from runner.counting import number_of
from runner.cli.scenarios.options import AsJson, Globs, Places, load


def framings(scenario: Globs = None, scenarios: Places = None, json: AsJson = False) -> None:
    """Check framings: each tells the facts of the issue, and nothing of the reference fix."""
    import json as json_module

    from rich.console import Console

    from runner.scenarios.framings import check, told
    from runner.visible import visible

    found = load(scenario, scenarios)
    problems = [problem for each in found for problem in check(each)]
    console = Console()
    if json:
        print(json_module.dumps([problem.model_dump() for problem in problems]))
    else:
        for problem in problems:
            text = f"{problem.code:<17} {visible(problem.line)}"
            console.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
        if not problems:
            count = sum(len(told(each)) for each in found)
            line = f"{number_of(len(found), 'scenario')}, {number_of(count, 'framing')}: the same facts, no leak"
            console.print(line, style="green", markup=False, highlight=False)
    raise typer.Exit(1 if problems else 0)
