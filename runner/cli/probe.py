"""`taskfit probe`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runner.cli.options import Json


def probe(
    folder: Annotated[Path | None, typer.Argument(metavar="RUN", help="The latest in runs/ when left out.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Of the run's models; all of them when left out.")] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="localise, complete, files, canary; if left out all, but for complete of private scenarios: it sends "
            "the first lines of the fix."
        ),
    ] = None,
    budget: Annotated[float | None, typer.Option(min=0, help="US dollars that these calls may cost.")] = None,
    json: Json = False,
) -> None:
    """Ask a run's models what they know of its scenarios without looking: one cheap call a probe, none twice."""
    import json as json_module

    from rich.console import Console

    from runner.errors import FileProblem, ModelFault, ScenarioInvalid, UnknownName, UserError
    from runner.models import unpriced_models
    from runner.probes.asking import Till, ask
    from runner.probes.kinds import KINDS
    from runner.runs.folder import RunFolder, latest_run
    from runner.scenarios.catalog import load_scenario
    from runner.studies.study import Study
    from runner.visible import visible

    run = RunFolder(folder.resolve()) if folder else latest_run(Path("runs"))
    lock = run.whole_lock()
    study = Study.model_validate(lock.study)
    for name in model or []:
        if name not in study.models:
            raise UnknownName("model of this run", name, study.models)
    for name in kind or []:
        if name not in KINDS:
            raise UnknownName("probe", name, KINDS)
    models = [name for name in study.models if not model or name in model]
    if budget is not None and (free := unpriced_models(models, study.endpoints)):
        raise UserError(f"nobody knows a price of {', '.join(free)}; name it in the study, or leave --budget out")
    kinds = [each for each in KINDS if not kind or each in kind]
    till, console, notes = Till(budget), Console(), Console(stderr=True)
    rows, failed = [], 0
    kept_back: set[str] = set()
    with run.held():
        for name in models:
            for scenario, place in lock.folders.items():
                try:
                    found = load_scenario(place)
                    wanted = kinds
                    if not kind and found.scenario.provenance.public_since is None:
                        wanted = [each for each in kinds if each != "complete"]
                        kept_back.add(scenario)
                    for key, probed in ask(run, study, found, name, wanted, till):
                        rows.append({"probe": key.name, "kind": probed.probe, **probed.scores})
                        if not json:
                            worth = ", ".join(f"{score} {value:.2f}" for score, value in probed.scores.items())
                            line = f"{name}  {found.id}  {probed.probe}: {worth}"
                            console.print(visible(line), markup=False, highlight=False, soft_wrap=True)
                except (ModelFault, FileProblem, ScenarioInvalid) as error:
                    failed += 1
                    notes.print(visible(f"{name}, {scenario}: {error}"), markup=False, highlight=False, soft_wrap=True)
    if kept_back:
        text = (
            f"the fixes of {len(kept_back)} private scenarios stayed here: --kind complete sends their first lines "
            "to the models' providers"
        )
        notes.print(text, style="dim", markup=False, highlight=False, soft_wrap=True)
    if json:
        print(json_module.dumps({"spent_usd": till.spent, "probes": rows}))
    else:
        text = f"{len(rows)} probes asked, {till.spent:.4f} USD; next: taskfit report {run.path}"
        console.print(visible(text), style="dim", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1 if failed else 0)
