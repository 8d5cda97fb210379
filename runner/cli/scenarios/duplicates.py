"""`taskfit scenarios duplicates`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.scenarios.options import AsJson

if TYPE_CHECKING:
    from runner.duplicates.texts import Described


def duplicates(
    packs: Annotated[
        list[Path] | None, typer.Argument(metavar="[PACK]...", help="Folders of scenarios; the built-in ones when left out.")
    ] = None,
    corpus: Annotated[
        list[Path] | None, typer.Option("--corpus", help="A folder of texts, patches or code to look in as well.")
    ] = None,
    least: Annotated[float, typer.Option(min=0.3, max=1.0, help="The score from which on a pair is told of.")] = 0.5,
    show: Annotated[int, typer.Option(min=0, help="So many of the nearest pairs side by side.")] = 0,
    json: AsJson = False,
) -> None:
    """Find scenarios that say nearly the same, within and between packs, and what a corpus of yours has of them."""
    import json as json_module

    from rich.console import Console

    from runner.console.neighbours import beside, row
    from runner.duplicates.near import against, within
    from runner.duplicates.texts import corpus as windows
    from runner.visible import visible

    found = _described(packs or [])
    pairs = within(found, least)
    for folder in corpus or []:
        pairs += against(found, windows(folder), least)
    if json:
        print(json_module.dumps([pair.model_dump() | {"score": pair.score} for pair in pairs]))
        return
    console = Console()
    known = {(each.source, each.id): each for each in found}
    for at, pair in enumerate(pairs):
        if at < show:
            first = known[pair.first_source, pair.first]
            console.print(beside(pair, first, known.get((pair.second_source, pair.second))))
        else:
            console.print(visible(row(pair)), markup=False, highlight=False, soft_wrap=True)
    text = f"{len(found)} scenarios, {len(pairs)} pairs that say nearly the same (score {least:g} or more)"
    console.print(text, style="dim", markup=False, highlight=False)


def _described(packs: list[Path]) -> list[Described]:
    """What is possible in each pack; two packs may have scenarios of one name. Raises UserError, FileProblem."""
    from runner.scenarios.catalog import load_scenario, scenario_folders
    from runner.duplicates.texts import described

    places = [[pack] for pack in packs] or [[]]
    folders = {folder: None for place in places for folder in scenario_folders(place).values()}
    loaded = [load_scenario(folder) for folder in folders]
    return [described(each) for each in loaded if each.scenario.impossible is None]
