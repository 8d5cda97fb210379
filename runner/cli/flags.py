"""The flags that make a study: the same for every command that takes one."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

    from runner.studies.study import Study

    M = TypeVar("M", bound=BaseModel)


Usd = Annotated[float | None, typer.Option("--budget", min=0, help="US dollars; never exceeded.")]
Tokens = Annotated[int | None, typer.Option("--tokens", min=0, help="Tokens, in and out; never exceeded.")]
Trials = Annotated[int | None, typer.Option("--max-trials", min=0, help="Trials that are begun; never exceeded.")]
Minutes = Annotated[
    float | None,
    typer.Option("--max-minutes", min=0.01, help="Of the whole run; no trial starts that would end later."),
]
Until = Annotated[
    str | None, typer.Option("--until", help="07:00, the next one, or a date and time; no trial would end later.")
]
EngineFlag = Annotated[
    str | None, typer.Option("--engine", help="docker, ray, or HOST:PORT of a Ray cluster; where sandboxes live.")
]


def caps_of(
    usd: float | None, tokens: int | None, trials: int | None, minutes: float | None, until: str | None
) -> dict[str, float | int | str]:
    """The caps that were given. Raises UserError for a time that is none."""
    from runner.runs.budget import Budget

    given = {"usd": usd, "tokens": tokens, "trials": trials, "minutes": minutes, "until": until}
    caps = {name: value for name, value in given.items() if value is not None}
    _valid(Budget, caps, "budget.")
    return caps


def flags(
    study_file: Annotated[Path | None, typer.Argument(metavar="STUDY", help="A study file (TOML).")] = None,
    model: Annotated[list[str] | None, typer.Option(help="See `taskfit models list`.")] = None,
    scenario: Annotated[list[str] | None, typer.Option(help="Scenario id or glob; all when left out.")] = None,
    scenarios: Annotated[
        list[str] | None, typer.Option(help="Folder of scenarios; the built-in ones when left out.")
    ] = None,
    repeats: Annotated[int | None, typer.Option(min=1, help="Trials of each model at each scenario.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, max=256, help="Trials at a time.")] = None,
    budget: Usd = None,
    tokens: Tokens = None,
    max_trials: Trials = None,
    max_minutes: Minutes = None,
    until: Until = None,
    framing: Annotated[
        list[str] | None, typer.Option(help="Arms: raw (the control), messy, clean, paraphrase-1 to -3.")
    ] = None,
    approvals: Annotated[
        list[str] | None, typer.Option(help="Arms: gate or must_ask, with an approver as in must_ask:by_label.")
    ] = None,
    faults: Annotated[
        list[str] | None, typer.Option(help="Arms: seeded, or KIND[:VISIBILITY[:PERSISTENCE]]; none is the control.")
    ] = None,
    feedback: Annotated[
        list[str] | None,
        typer.Option(help="Arms: continue, prove_it, verify, evidence, false_alarm; none is the control."),
    ] = None,
    perturbation: Annotated[
        list[str] | None,
        typer.Option(
            help="Arms, twins: rename, move, reorder, reword, constants, layout (joined by +), or impossible: "
            "contradiction, wrong_test; original is the control."
        ),
    ] = None,
    failed_run: Annotated[
        Path | None, typer.Option(help="An arm that starts in what this run's failed trials left.")
    ] = None,
    cross: Annotated[list[str] | None, typer.Option(help="Factors to try in every combination.")] = None,
    approver: Annotated[
        str | None,
        typer.Option(
            help="Who answers: policy, human, queue, by_label, permissive, deny_once, silent, reviewer:MODEL, A>B."
        ),
    ] = None,
    approval_seconds: Annotated[
        float | None, typer.Option(min=0.01, max=86_400, help="How long an approver that is no person may take.")
    ] = None,
    early_confidence: Annotated[
        bool, typer.Option("--early-confidence", help="Ask models for their confidence before their first edit, too.")
    ] = False,
    policy: Annotated[Path | None, typer.Option(help="A policy file; the built-in one when left out.")] = None,
    runtime: Annotated[
        str | None, typer.Option(help="Container runtime, as in runsc; the engine's own when left out.")
    ] = None,
    engine: EngineFlag = None,
    seed: Annotated[int | None, typer.Option(help="Seed of whatever is drawn.")] = None,
) -> Study:
    """The study file with the flags laid over it, or the flags alone; keys are not looked for. Raises UserError."""
    from runner.models import lasting_name
    from runner.runs.engines import named

    given: dict[str, Any] = {
        "models": tuple(map(lasting_name, model)) if model else None,
        "select": _tuple(scenario),
        "scenarios": _tuple(scenarios),
        "repeats": repeats,
        "concurrency": concurrency,
        "framing": _tuple(framing),
        "approvals": _tuple(approvals),
        "faults": _tuple(faults),
        "feedback": _tuple(feedback),
        "perturbation": _tuple(perturbation),
        "failed_run": str(failed_run.resolve()) if failed_run else None,
        "start": ("fresh", "failed") if failed_run else None,
        "cross": _tuple(cross),
        "approver": approver,
        "approval_seconds": approval_seconds,
        "early_confidence": early_confidence or None,
        "policy": str(policy.resolve()) if policy else None,
        "runtime": runtime,
        "engine": named(engine).model_dump() if engine else None,
        "seed": seed,
    }
    caps = caps_of(budget, tokens, max_trials, max_minutes, until)
    return _study(study_file, {key: value for key, value in given.items() if value is not None}, caps)


def with_flags(command: Callable[..., None], keyed: bool = True) -> Callable[..., None]:
    """A command of a study with the flags in front of its own, which takes the study they make.

    `keyed`: it asks models, so that their keys must be there.
    """
    mine = inspect.signature(flags, eval_str=True, locals={"Study": object}).parameters
    theirs = inspect.signature(command, eval_str=True, locals={"Study": object}).parameters
    own = [parameter for name, parameter in theirs.items() if name != "study"]

    @functools.wraps(command)
    def both(*positional: Any, **given: Any) -> None:
        study = flags(*positional, **{name: given[name] for name in mine if name in given})
        if keyed:
            study.check_models()
        command(study, **{name: value for name, value in given.items() if name not in mine})

    vars(both)["__signature__"] = inspect.Signature([*mine.values(), *own])
    both.__annotations__ = {name: parameter.annotation for name, parameter in mine.items()}
    both.__annotations__ |= {parameter.name: parameter.annotation for parameter in own}
    del vars(both)["__wrapped__"]
    return both


def _valid(model: type[M], data: dict[str, Any], prefix: str = "") -> M:
    """Raises UserError for the first fault."""
    from pydantic import ValidationError

    from runner.errors import UserError

    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = prefix + ".".join(str(part) for part in first["loc"]) or "study"
        problem = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{where}: {problem}; found {first['input']!r:.200}") from None


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return tuple(values) if values else None


def _study(file: Path | None, given: dict[str, Any], caps: dict[str, Any]) -> Study:
    from runner.errors import UserError
    from runner.studies.study import load_study

    base = load_study(file, keyed=False).model_dump(by_alias=True) if file else {}
    if not base and "models" not in given:
        raise UserError("name at least one --model (oracle, noop, repair, …), or a study file")
    return checked(base | given | {"budget": base.get("budget", {}) | caps}, keyed=False)


def checked(data: dict[str, Any], keyed: bool = True) -> Study:
    """A study out of its fields, with all that it names looked up; with `keyed` models' keys, too. Raises UserError."""
    from runner.errors import UserError
    from runner.models import unpriced_models
    from runner.studies.comparison import pairable
    from runner.studies.study import Study

    study = _valid(Study, data)
    study.check_models(keyed)
    study.check_approvers()
    for name in (study.primary, *study.contrasts):
        pairable(name)
    if unpriced := unpriced_models(study.models, study.endpoints):
        names = ", ".join(unpriced)
        of_models = [table for name, table in study.budget.models.items() if name in unpriced]
        usd_caps = [study.budget, *of_models, *study.budget.scenarios.values()]
        if any(cap.usd is not None for cap in usd_caps):
            raise UserError(
                f"no price is known for {names}, so a budget in USD cannot hold; give it a price table, or cap --tokens"
            )
        print(f"no price is known for {names}: what it costs counts as 0; --tokens caps its tokens", file=sys.stderr)
    return study
