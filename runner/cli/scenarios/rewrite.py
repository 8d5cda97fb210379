"""`taskfit scenarios rewrite`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.scenarios.options import Places, one

if TYPE_CHECKING:
    from runner.models.base import Model


def rewrite(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="An id.")],
    scenarios: Places = None,
    accept: Annotated[bool, typer.Option("--accept", help="Make the proposed text the instruction.")] = False,
    model: Annotated[str | None, typer.Option(help="A model that proposes a text; none is asked otherwise.")] = None,
    study: Annotated[Path | None, typer.Option(help="A study file with its [models.NAME] tables.")] = None,
    usd: Annotated[float, typer.Option(min=0, help="The most that the model's answer may cost, US dollars.")] = 0.5,
    tests: Annotated[bool, typer.Option("--tests", help="Show what the hidden tests assert in the template.")] = False,
) -> None:
    """Propose another wording of an instruction beside it, by hand or by a model; take it over with --accept."""
    from rich.console import Console

    from runner.packs import revising
    from runner.visible import visible

    console = Console()

    def show(text: str, style: str = "") -> None:
        console.print(visible(text, newlines=True), style=style, markup=False, highlight=False, soft_wrap=True)

    found = one(scenario, scenarios)
    file = found.folder / revising.PROPOSED
    if accept:
        score = revising.accept(found)
        show(f"{found.id}: the new instruction is in place, leak {score:.2f}", "green")
        return
    if model is None:
        revising.propose(found, tests)
        show(f"edit {file}, then: taskfit scenarios rewrite {found.id} --accept")
        return
    text, cost = revising.propose_with(found, _model(model, study), usd)
    show(found.instruction.strip(), "dim")
    show("\nis to become\n", "cyan")
    show(text)
    show(f"\n{cost:.4f} US dollars; edit {file} or not, then: taskfit scenarios rewrite {found.id} --accept", "cyan")


def _model(name: str, study: Path | None) -> Model:
    from runner.models import model_factory
    from runner.models.base import Opening
    from runner.studies.study import load_study

    tables = load_study(study, keyed=False).endpoints if study else {}
    return model_factory(name, tables)(Opening(scenario="rewrite", seed=1, reference=dict))
