"""`taskfit scenarios list`, `validate` and `framings`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from runner.catalog import ScenarioFolder

app = typer.Typer(help="List and prove scenarios.", no_args_is_help=True)
Globs = Annotated[list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Ids or globs; all when left out.")]
Places = Annotated[
    list[str] | None,
    typer.Option("--scenarios", help="Folder of scenarios; the built-in ones when left out."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


@app.command("list")
def list_(scenario: Globs = None, scenarios: Places = None, json: AsJson = False) -> None:
    """Scenarios with their repo, tags and titles."""
    import json as json_module

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from runner.visible import visible

    found = _load(scenario, scenarios)
    if json:
        rows = [
            {"id": s.id, "folder": str(s.folder), **s.scenario.model_dump(mode="json", by_alias=True)} for s in found
        ]
        print(json_module.dumps(rows))
        return
    table = Table("scenario", "repo", "tags", "title", box=box.SIMPLE_HEAD, pad_edge=False)
    for each in found:
        scenario_ = each.scenario
        shown = (each.id, scenario_.repo, ", ".join(scenario_.tags), scenario_.title)
        table.add_row(*(Text(visible(text)) for text in shown))
    Console().print(table)


@app.command()
def validate(
    scenario: Globs = None,
    scenarios: Places = None,
    repeats: Annotated[int, typer.Option(min=1, help="Gradings of base and reference each.")] = 3,
    concurrency: Annotated[int, typer.Option(min=1, help="Scenarios at a time.")] = 2,
    json: AsJson = False,
) -> None:
    """Prove scenarios: the base fails, the reference passes, the rest passes before and after, every time."""
    import json as json_module

    from rich.console import Console

    from runner.validation import Finding, validate_all
    from runner.visible import visible
    from sandboxes.host import ensure_engine

    console = Console(stderr=True)

    def say(text: str) -> None:
        console.print(text, style="dim", markup=False, highlight=False)

    def tell(finding: Finding) -> None:
        if not json:
            style = "green" if finding.ok else "red"
            Console().print(f"{finding.code:<28}", visible(finding.line), style=style, markup=False, soft_wrap=True)

    found = _load(scenario, scenarios)
    findings = validate_all(found, ensure_engine(say), repeats=repeats, concurrency=concurrency, say=say, tell=tell)
    if json:
        print(json_module.dumps([finding.model_dump() for finding in findings]))
    failed = sum(not finding.ok for finding in findings)
    say(f"{len(findings) - failed} of {len(findings)} scenarios hold, {repeats} gradings of base and reference each")
    raise typer.Exit(1 if failed else 0)


@app.command()
def framings(scenario: Globs = None, scenarios: Places = None, json: AsJson = False) -> None:
    """Check framings: each tells the facts of the issue, and nothing of the reference fix."""
    import json as json_module

    from rich.console import Console

    from runner.framings import check, told
    from runner.visible import visible

    found = _load(scenario, scenarios)
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
            line = f"{len(found)} scenarios, {count} framings: the same facts, no leak"
            console.print(line, style="green", markup=False, highlight=False)
    raise typer.Exit(1 if problems else 0)


def _load(globs: list[str] | None, places: list[str] | None) -> list[ScenarioFolder]:
    from runner.catalog import load_scenario, scenario_folders, select

    folders = scenario_folders([Path(place) for place in places or []])
    return [load_scenario(folders[name]) for name in select(folders, globs or [])]
