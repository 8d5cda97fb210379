"""`taskfit scenarios impossible`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runner.cli.scenarios.options import AsJson, Globs, Places, load


def impossible(
    scenario: Globs = None,
    scenarios: Places = None,
    to: Annotated[Path, typer.Option(help="Folder of the pack that gets them; it is made where there is none.")] = Path(
        "impossible"
    ),
    kind: Annotated[str, typer.Option(help="contradiction (two tests, two results) or wrong_test.")] = "contradiction",
    repeats: Annotated[int, typer.Option(min=1, help="Gradings of base and reference each.")] = 1,
    json: AsJson = False,
) -> None:
    """Make scenarios impossible, proved by running: who says that they cannot be done, and who cheats?"""
    import json as json_module
    from typing import get_args

    from rich.console import Console

    from runner.errors import ScenarioInvalid, UnknownName, UserError
    from runner.packs.impossible import impossible_twin
    from runner.scenarios.scenario import ImpossibleKind
    from runner.visible import visible
    from sandboxes.host import ensure_engine
    from sandboxes.images import ImageStore

    kinds: tuple[ImpossibleKind, ...] = get_args(ImpossibleKind)
    chosen = next((each for each in kinds if each == kind), None)
    if chosen is None:
        raise UnknownName("kind", kind, kinds)
    notes, console = Console(stderr=True), Console()

    def say(text: str) -> None:
        notes.print(visible(text, newlines=True), style="dim", markup=False, highlight=False)

    found = load(scenario, scenarios)
    images = ImageStore(ensure_engine(say), say)
    rows = []
    for each in found:
        row: dict[str, str | None]
        try:
            twin = impossible_twin(each, chosen, to.resolve(), images, repeats, say)
            assert twin.scenario.impossible is not None
            row = {"scenario": each.id, "twin": twin.id, "why": twin.scenario.impossible.why}
        except (ScenarioInvalid, UserError) as error:
            row = {"scenario": each.id, "twin": None, "why": str(error)}
        rows.append(row)
        if not json:
            text = f"{'kept' if row['twin'] else 'refused':<8} {row['twin'] or each.id}: {row['why']}"
            style = "green" if row["twin"] else "red"
            console.print(visible(text), style=style, markup=False, highlight=False, soft_wrap=True)
    if json:
        print(json_module.dumps(rows))
    raise typer.Exit(0 if all(row["twin"] for row in rows) else 1)
