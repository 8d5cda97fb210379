"""`taskfit scenarios twin`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.scenarios.options import AsJson, Places, load

if TYPE_CHECKING:
    from rich.console import Console

    from runner.arms import Kind
    from runner.scenarios.catalog import ScenarioFolder
    from runner.twins.cache import Twin


def twin(
    scenario: Annotated[list[str], typer.Argument(metavar="SCENARIO", help="Ids or globs.")],
    kind: Annotated[
        str,
        typer.Option(
            help="rename, move, reorder, reword, constants, layout, or several joined by +; or an impossible one: "
            "contradiction, wrong_test."
        ),
    ] = "rename",
    seed: Annotated[int, typer.Option(help="Seed of whatever is drawn.")] = 7,
    show: Annotated[bool, typer.Option("--show", help="Show what is otherwise than in the original.")] = False,
    scenarios: Places = None,
    json: AsJson = False,
) -> None:
    """Make twins of scenarios: the same problem in another form, proved by its tests, in a folder that is printed."""
    import json as json_module

    from rich.console import Console

    from runner.twins.base import TwinRefused
    from runner.twins.making import Maker
    from runner.visible import visible
    from sandboxes.host import ensure_engine
    from sandboxes.images import ImageStore

    kinds = _kinds(kind)
    chosen = load(scenario, scenarios)
    errors, console = Console(stderr=True), Console()

    def say(text: str) -> None:
        errors.print(visible(text, newlines=True), style="dim", markup=False, highlight=False)

    maker = Maker(ImageStore(ensure_engine(say), say), say)
    refused = 0
    rows: list[dict[str, object]] = []
    for original in chosen:
        try:
            with errors.status(f"making a twin of {original.id}"):
                made = maker.twin(original, kinds, seed)
        except TwinRefused as error:
            refused += 1
            rows.append({"scenario": original.id, "ok": False, "code": error.code, "problem": error.sentence})
            if not json:
                text = f"{error.code:<18} {original.id}: {error.sentence}"
                console.print(visible(text), style="red", markup=False, highlight=False, soft_wrap=True)
            continue
        rows.append(_row(made))
        if not json:
            console.print(_line(made), style="green", markup=False, highlight=False, soft_wrap=True)
            if show:
                _show(console, original, made.found)
    if json:
        print(json_module.dumps(rows))
    say(f"{len(chosen) - refused} of {len(chosen)} scenarios have a twin by {kind}, seed {seed}")
    raise typer.Exit(1 if refused else 0)


def _kinds(text: str) -> tuple[Kind, ...]:
    from runner.arms import twin_kinds
    from runner.errors import UserError

    try:
        kinds = twin_kinds(text)
    except ValueError as error:
        raise UserError(f"--kind: {error}") from None
    if not kinds:
        raise UserError("--kind: the original is no twin; name a kind, as in --kind rename")
    return kinds


def _row(made: Twin) -> dict[str, object]:
    about = made.about
    return {
        "scenario": made.found.id, "ok": True, "folder": str(made.found.folder), "digest": made.found.digest,
        "changed": about.changed, "candidates": about.candidates, "uses": about.uses, "kept": list(about.kept),
        "seconds": about.seconds, "names": about.names,
    }  # fmt: skip


def _line(made: Twin) -> str:
    about = made.about
    share = f", {about.uses:.0%} of the code's own identifiers" if about.uses else ""
    what = f"{about.changed} of {about.candidates} changed{share}"
    return f"{'+'.join(about.kinds):<18} {made.found.id}: {what}, proved in {about.seconds:.0f} s: {made.found.folder}"


def _show(console: Console, original: ScenarioFolder, found: ScenarioFolder) -> None:
    """A patch from the original to the twin: what a model is told, its files, the hidden tests, the reference."""
    from runner.scenarios.checkout import base_tree, difference
    from runner.visible import visible
    from sandboxes.archive import Entry

    def told(each: ScenarioFolder) -> dict[str, Entry]:
        texts = {"instruction.md": each.instruction, "solution.patch": each.solution_patch}
        hidden = {f"(hidden)/{path}": entry for path, entry in each.hidden.items()}
        return {name: Entry(text.encode()) for name, text in texts.items()} | hidden | base_tree(each)

    styles = {"+": "green", "-": "red", "@": "cyan", "d": "bold"}
    for line in difference(told(original), told(found)).splitlines():
        console.print(visible(line), style=styles.get(line[:1], ""), markup=False, highlight=False, soft_wrap=True)
