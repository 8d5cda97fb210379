"""`taskfit fork`."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from runner.cli.flags import Minutes, Tokens, Trials, Until, Usd, caps_of
from runner.cli.options import Json
from runner.cli.replay import ScenarioAt

if TYPE_CHECKING:
    from runner.replay.origin import Recorded
    from runner.replay.points import Place
    from runner.studies.study import Study

KEPT = (
    *("approver", "approval_seconds", "reviewer", "queue"),
    *("early_confidence", "policy", "runtime", "seed"),
)
"""What a fork takes over from the study of the recorded trial, unless it is told otherwise."""


def fork(
    places: Annotated[list[str], typer.Argument(metavar="TRIAL@STEP", help="Or TRIAL@end: before its last turn.")],
    model: Annotated[list[str], typer.Option(help="Who goes on; see `taskfit models list`.")],
    prompt: Annotated[Path | None, typer.Option(help="A text instead of the recorded system message.")] = None,
    policy: Annotated[Path | None, typer.Option(help="A policy file; the recorded run's when left out.")] = None,
    approver: Annotated[str | None, typer.Option(help="Who answers; as recorded when left out.")] = None,
    limits: Annotated[Literal["left", "fresh"], typer.Option(help="What was left then, or the scenario's.")] = "left",
    faults: Annotated[
        Literal["left", "none"], typer.Option(help="What the recorded trial's fault had not yet done, or nothing.")
    ] = "left",
    repeats: Annotated[int, typer.Option(min=1, help="Trials of each model at each step.")] = 1,
    endpoints: Annotated[
        bool | None,
        typer.Option(
            "--endpoints/--no-endpoints",
            help="Ask models at the addresses of the recorded study's own tables, with the keys that those name.",
        ),
    ] = None,
    beside: Annotated[bool, typer.Option("--fresh", help="Also trials from the beginning, to compare with.")] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also where the rebuilt steps differ, or the scenario changed.")
    ] = False,
    scenario: ScenarioAt = None,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Trials at a time.")] = 2,
    budget: Usd = None,
    tokens: Tokens = None,
    max_trials: Trials = None,
    max_minutes: Minutes = None,
    until: Until = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; runs/DATE-fork when left out.")] = None,
    json: Json = False,
) -> None:
    """Go on from a step of a recorded trial with another model, prompt or policy; becomes a run of its own."""
    from runner.approvers.policy import load_policy
    from runner.cli.run import Session
    from runner.runs.folder import RunFolder, free
    from runner.runs.run import Run

    chosen = [_recorded(text) for text in places]
    scenarios = {
        recorded.started.key.scenario: recorded.scenario(anyway, scenario.resolve() if scenario else None)
        for _, recorded in chosen
    }
    asked: dict[str, Any] = {
        "policy": str(policy.resolve()) if policy else None,
        "approver": approver,
    }
    given = {key: value for key, value in asked.items() if value is not None}
    own = {"limits": limits, "faults": faults, "prompt": str(prompt.resolve()) if prompt else None, "anyway": anyway}
    caps = caps_of(budget, tokens, max_trials, max_minutes, until)
    plan = {"models": model, "repeats": repeats, "concurrency": concurrency, "budget": caps}
    study = _study(chosen, own, plan | given, beside, endpoints)
    study = study.model_copy(update={"scenarios": tuple(str(found.folder) for found in scenarios.values())})
    rules = load_policy(Path(study.policy) if study.policy else None)
    folder = RunFolder((out or free(Path("runs", f"{date.today()}-{study.name}"))).resolve())
    with Session(folder, study, study.notify, json) as session:
        work = Run(study, folder, scenarios, rules, session.human(), session.engine(), session.observer)
        work.plan()
        session.work(work)


def _recorded(text: str) -> tuple[Place, Recorded]:
    """What TRIAL@STEP means, at a step that can be forked at; TRIAL as `taskfit show` takes it. Raises UserError."""
    from runner.cli.places import transcript_of
    from runner.replay.origin import Recorded
    from runner.replay.points import Place, fork_step

    place = Place.parse(text)
    folder = transcript_of(place.trial).parent.resolve()
    recorded = Recorded.of(folder)
    recorded.check_ended()
    step, note = fork_step(recorded, place.step)
    if note:
        print(f"taskfit: {note}", file=sys.stderr)
    return Place(folder, step), recorded


def _study(
    chosen: list[tuple[Place, Recorded]],
    own: dict[str, Any],
    plan: dict[str, Any],
    beside: bool,
    endpoints: bool | None,
) -> Study:
    """The study that these forks are: each step an arm, the first the control unless there are fresh trials, too."""
    from runner.arms import FORK, Arm
    from runner.cli.flags import checked
    from runner.errors import UserError
    from runner.models import lasting_name

    first = chosen[0][1]
    arms = [recorded.started.arm or Arm() for _, recorded in chosen]
    settings = {(arm.framing, arm.approvals, arm.limits) for arm in arms}
    if len(settings) > 1:
        raise UserError("these trials had other framings, approvals or limits; fork each of them in a run of its own")
    framing, approvals, scale = settings.pop()
    forks: dict[str, list[str]] = {}
    taken: Counter[tuple[str, str]] = Counter()
    for place, recorded in chosen:
        name = f"at-{place.step}"
        taken[name, recorded.started.key.scenario] += 1
        if (again := taken[name, recorded.started.key.scenario]) > 1:
            name = f"{name}-{again}"
        forks.setdefault(name, []).append(f"{place.trial}@{place.step}")
    kept = first.run.whole_lock().study if first.run is not None else {}
    held = {name: kept[name] for name in KEPT if name in kept}
    asked = [*plan["models"], approvals, str(plan.get("approver", held.get("approver", "")))]
    starts = [*(["fresh"] if beside else []), *(FORK + name for name in forks)]
    return checked(
        {
            **held,
            "endpoints": _endpoints(kept.get("endpoints"), asked, endpoints),
            "name": "fork",
            "framing": [framing],
            "approvals": [approvals],
            "limits": [scale],
            "start": starts,
            "forks": {name: {"trials": trials, **own} for name, trials in forks.items()},
            **plan,
            "models": [lasting_name(name) for name in plan["models"]],
        }
    )


def _endpoints(tables: Any, asked: list[str], wanted: bool | None) -> Any:
    """The recorded study's own tables of models, where they are wanted.

    A run may be anybody's, and a table says where keys and conversations go. Raises UserError where a model or an
    approver that is `asked` has one, and nobody said what to do with it.
    """
    from runner.errors import UserError

    if wanted is None and isinstance(tables, dict):
        for name, table in tables.items():
            if any(name == each or f"reviewer:{name}" in each for each in asked):
                known = table if isinstance(table, dict) else {}
                key = f" with the key in {known['key_variable']}" if known.get("key_variable") else ""
                raise UserError(
                    f"the recorded study asks {name} at {known.get('base_url')}{key}: write --endpoints to send "
                    "conversations there, too, or --no-endpoints to leave its tables out"
                )
    return tables if wanted else {}
