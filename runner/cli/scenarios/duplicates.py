"""`taskfit scenarios duplicates`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.scenarios.options import AsJson

if TYPE_CHECKING:
    from runner.duplicates.base import Embedder
    from runner.duplicates.near import Neighbours
    from runner.duplicates.texts import Described

VARIABLE = "TASKFIT_EMBEDDINGS"
"""`runner.duplicates.embedders.VARIABLE`, which is not imported for the sake of a quick --help."""


def duplicates(
    packs: Annotated[
        list[Path] | None, typer.Argument(metavar="PACK", help="Folders of scenarios; the built-in ones when left out.")
    ] = None,
    corpus: Annotated[
        list[Path] | None, typer.Option("--corpus", help="A folder of texts, patches or code to look in as well.")
    ] = None,
    least: Annotated[float, typer.Option(min=0.3, max=1.0, help="The score from which on a pair is told of.")] = 0.5,
    show: Annotated[int, typer.Option(min=0, help="So many of the nearest pairs side by side.")] = 0,
    pair: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="ID ID", help="These two side by side, however far apart; built-in ones are known, too."),
    ] = None,
    embeddings: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            envvar=VARIABLE,
            show_envvar=True,
            help="What compares meanings: ngrams (the default), none, or a static model that is on this disk: its "
            "folder, or its name in the local cache.",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Find scenarios that say nearly the same, within and between packs, and what a corpus of yours has of them."""
    import json as json_module

    from rich.console import Console

    from runner.console.neighbours import beside, row
    from runner.duplicates.embedders import embedder_of
    from runner.duplicates.near import against, within
    from runner.duplicates.texts import corpus as windows
    from runner.duplicates.texts import window
    from runner.visible import visible

    embedder = embedder_of(embeddings)
    if pair is not None:
        found, pairs = _two(packs or [], pair, embedder)
        show = 1
    else:
        found = _described(packs or [])
        pairs = within(found, least, embedder)
        for folder in corpus or []:
            pairs += against(found, windows(folder), least, embedder)
    if json:
        print(json_module.dumps([each.model_dump() | {"score": each.score} for each in pairs]))
        return
    console = Console()
    known = {(each.source, each.id): each for each in found}
    for at, each in enumerate(pairs):
        if at < show:
            second = known.get((each.second_source, each.second)) or window(each.second_source, each.second)
            console.print(beside(each, known[each.first_source, each.first], second))
        else:
            console.print(visible(row(each)), markup=False, highlight=False, soft_wrap=True)
    if pair is None:
        text = f"{len(found)} scenarios, {len(pairs)} pairs that say nearly the same (score {least:g} or more)"
        console.print(text, style="dim", markup=False, highlight=False)


def _two(
    packs: list[Path], pair: tuple[str, str], embedder: Embedder | None
) -> tuple[list[Described], list[Neighbours]]:
    """All scenarios that the two are held against, and how near they are.

    Raises UserError for an id that none or several have, and for two of which one says too little.
    """
    from runner.duplicates.near import of_pair
    from runner.errors import UserError

    found = _described(packs)
    sources = {Path(each.source).resolve() for each in found}
    found += [each for each in _described([]) if Path(each.source).resolve() not in sources]
    places = [_place(found, name) for name in pair]
    if places[0] == places[1]:
        raise UserError(f"--pair: {pair[0]} and {pair[1]} are the same scenario; name two")
    near = of_pair(found, places[0], places[1], embedder)
    if near is None:
        raise UserError(f"--pair: {pair[0]} or {pair[1]} says too little to be compared")
    return found, [near]


def _place(found: list[Described], name: str) -> int:
    """Of a scenario, by its id or its folder."""
    from runner.errors import UnknownName, UserError

    folder = Path(name).resolve()
    places = [at for at, each in enumerate(found) if each.id == name or Path(each.source, each.id).resolve() == folder]
    if not places:
        raise UnknownName("scenario", name, [each.id for each in found])
    if len(places) > 1:
        folders = ", ".join(str(Path(found[at].source, found[at].id)) for at in places)
        raise UserError(f"--pair: several packs have a scenario {name}; name its folder: {folders}")
    return places[0]


def _described(packs: list[Path]) -> list[Described]:
    """What is possible in each pack; two packs may have scenarios of one name. Raises UserError, FileProblem."""
    from runner.scenarios.catalog import load_scenario, scenario_folders
    from runner.duplicates.texts import described

    places = [[pack] for pack in packs] or [[]]
    folders = {folder: None for place in places for folder in scenario_folders(place).values()}
    loaded = [load_scenario(folder) for folder in folders]
    return [described(each) for each in loaded if each.scenario.impossible is None]
