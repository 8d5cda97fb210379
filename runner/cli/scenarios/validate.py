"""`taskfit scenarios validate`."""

from __future__ import annotations

from typing import Annotated

import typer

from runner.cli.scenarios.options import AsJson, Globs, Places, load


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

    found = load(scenario, scenarios)
    findings = validate_all(found, ensure_engine(say), repeats=repeats, concurrency=concurrency, say=say, tell=tell)
    if json:
        print(json_module.dumps([finding.model_dump() for finding in findings]))
    failed = sum(not finding.ok for finding in findings)
    say(f"{len(findings) - failed} of {len(findings)} scenarios hold, {repeats} gradings of base and reference each")
    raise typer.Exit(1 if failed else 0)
