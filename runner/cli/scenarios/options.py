"""What the commands on scenarios share: their arguments, and the scenarios that these name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from runner.scenarios.catalog import ScenarioFolder

Globs = Annotated[list[str] | None, typer.Argument(metavar="SCENARIO", help="Ids or globs; all when left out.")]
Places = Annotated[
    list[str] | None,
    typer.Option("--scenarios", help="Folder of scenarios; the built-in ones when left out."),
]
Runs = Annotated[Path, typer.Option("--runs", help="Folder of past runs, which say how hard scenarios are.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
PIPED = 250
"""Columns of a table that goes to no terminal."""


def one(scenario: str, places: list[str] | None) -> ScenarioFolder:
    """The scenario of this id. Raises UserError, also where a glob matches several."""
    from runner.errors import UserError

    found = load([scenario], places)
    if len(found) > 1:
        raise UserError(f"{scenario!r} matches {', '.join(each.id for each in found[:4])}; name one")
    return found[0]


def load(globs: list[str] | None, places: list[str] | None) -> list[ScenarioFolder]:
    """The scenarios in `places` that match any glob, in order. Raises UserError, FileProblem."""
    from runner.scenarios.catalog import chosen

    return list(chosen([Path(place) for place in places or []], globs or []).values())
