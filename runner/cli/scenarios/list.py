"""`taskfit scenarios list`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.scenarios.options import PIPED, AsJson, Globs, Places, Runs, load

if TYPE_CHECKING:
    from datetime import date

    from runner.quality.overview import Overview

ROOM = {"repo": 100, "origin": 100, "tests": 100, "tags": 140, "title": 180}
"""Column → the terminal's columns from which on it is shown."""
STYLES = {"proved": "green", "failed": "red", "stale": "yellow", "unproved": "dim"}


def list_(
    scenario: Globs = None,
    scenarios: Places = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only scenarios with this tag; several: with each.")] = None,
    runs: Runs = Path("runs"),
    json: AsJson = False,
) -> None:
    """Scenarios with what is known of them: proved or not, how long public, how hard for models so far."""
    import json as json_module
    import sys
    from datetime import UTC, datetime

    from rich.console import Console

    from runner.errors import UnknownName
    from runner.quality.overview import overviews
    from runner.visible import visible

    found = load(scenario, scenarios)
    for wanted in tag or []:
        known = {each for one in found for each in one.scenario.tags}
        if wanted not in known:
            raise UnknownName("tag", wanted, known)
    found = [one for one in found if set(tag or []) <= set(one.scenario.tags)]
    rows = overviews(found, runs, lambda text: print(f"taskfit: {visible(text)}", file=sys.stderr))
    if json:
        whole = [
            one.scenario.model_dump(mode="json", by_alias=True) | row.model_dump(mode="json")
            for one, row in zip(found, rows, strict=True)
        ]
        print(json_module.dumps(whole))
        return
    console = Console()
    _print(console if console.is_terminal else Console(width=PIPED), rows, datetime.now(UTC).date())


def _print(console: object, rows: list[Overview], today: date) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from runner.visible import visible

    assert isinstance(console, Console)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    always = ("scenario", "status", "public", "resolved")
    heads = [*always, *(name for name, least in ROOM.items() if console.width >= least)]
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        cells = {
            "scenario": Text(visible(row.id)),
            "status": Text(row.standing.text, STYLES[row.standing.status]),
            "public": Text(row.age(today) if row.public else f"never ({row.age(today)})"),
            "resolved": Text(row.difficulty.text if row.difficulty is not None else "–"),
            "repo": Text(visible(row.repo)),
            "origin": Text(row.origin),
            "tests": Text(row.framework),
            "tags": Text(visible(", ".join(row.tags))),
            "title": Text(visible(row.title)),
        }
        table.add_row(*(cells[head] for head in heads))
    console.print(table)
    if any(row.difficulty is not None for row in rows):
        footer = "resolved: share of trials over models, control arm, in past runs [95 % interval]"
        console.print(Text(footer, "dim"))
