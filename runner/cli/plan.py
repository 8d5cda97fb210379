"""`taskfit plan`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.flags import with_flags
from runner.cli.options import Json
from runner.counting import number_of

if TYPE_CHECKING:
    from runner.studies.planning import Plan
    from runner.studies.study import Study


@partial(with_flags, keyed=False)
def plan(
    study: Study,
    pilot: Annotated[
        Path | None, typer.Option(help="An earlier run's folder: what trials cost, took and varied by there.")
    ] = None,
    prompts: Annotated[
        bool, typer.Option("--prompts", help="What each model would be told, by scenario and arm.")
    ] = False,
    json: Json = False,
) -> None:
    """Say what a study will take and can show, before anything is spent."""
    from rich.console import Console

    from runner.approvers.policy import load_policy
    from runner.replay.forks import scenarios_of
    from runner.report.load import records
    from runner.runs.folder import RunFolder
    from runner.scenarios.catalog import chosen
    from runner.studies.planning import plan_of
    from runner.trials.leftover import Leftovers

    scenarios = chosen(study.scenarios, study.select)
    if prompts:
        policy = load_policy(Path(study.policy) if study.policy else None)
        _show_prompts(study, scenarios, policy)
        return
    console = Console()
    problems: list[str] = []
    trials = list(records(RunFolder(pilot.resolve()), problems.append)) if pilot else []
    started = Leftovers(Path(study.failed_run)) if study.failed_run else ()
    found = plan_of(study, scenarios, started, trials, scenarios_of(study.forks))
    if json:
        print(found.model_dump_json())
        return
    for problem in problems:
        console.print(problem, style="yellow", markup=False, highlight=False)
    _show(console, found)


def _show(console: object, plan: Plan) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from runner.visible import visible

    assert isinstance(console, Console)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("model", "trials", "expected USD", "at most USD", "from"):
        table.add_column(head, overflow="fold")
    for each in plan.models:
        expected, worst = (f"{usd:.2f}" if usd is not None else "–" for usd in (each.expected_usd, each.worst_usd))
        table.add_row(Text(visible(each.model)), str(each.trials), expected, worst, Text(visible(each.basis)))
    console.print(table)
    arms = ", ".join(f"{visible(arm)} {count}" for arm, count in plan.arms.items())
    lines = [
        f"{number_of(plan.trials, 'trial')}: {number_of(plan.scenarios, 'scenario')}, "
        f"{number_of(plan.repeats, 'repeat')}, {number_of(len(plan.arms), 'arm')} ({arms})",
        _hours(plan),
        _cap(plan),
        _difference(plan),
        _needed(plan),
    ]
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def _hours(plan: Plan) -> str:
    expected = f"about {_time(plan.expected_hours)}" if plan.expected_hours is not None else "unknown without --pilot"
    return f"time: {expected}; at most {_time(plan.worst_hours)} with {plan.concurrency} trials at a time"


def _time(hours: float) -> str:
    if hours * 60 < 1:
        return "a minute"
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.0f} min"


def _cap(plan: Plan) -> str:
    caps = [f"{plan.cap_usd:.2f} USD"] if plan.cap_usd is not None else []
    caps += [f"{plan.cap_tokens} tokens"] if plan.cap_tokens is not None else []
    return f"never more than {' and '.join(caps)}" if caps else "no cap: --budget and --tokens are hard stops"


def _difference(plan: Plan) -> str:
    found = plan.detectable
    if found.value is None:
        return f"no difference can be shown: {found.reason}"
    bounds = f" [{100 * found.low:.0f}–{100 * found.high:.0f}]" if None not in (found.low, found.high) else ""  # type: ignore[operator]
    return (
        f"the smallest difference of two models that it shows (80 % power, 5 %): {100 * found.value:.0f}{bounds} "
        f"percentage points, {plan.detectable_basis}"
    )


def _needed(plan: Plan) -> str:
    sizes = ", ".join(f"{size} points {count or '–'}" for size, count in plan.needed.items())
    return f"scenarios that would show a difference, at {plan.repeats} repeats: {sizes}"


def _show_prompts(study: Study, scenarios: object, policy: object) -> None:
    from runner.arms import of_twin
    from runner.canonical import digest
    from runner.trials.telling import told
    from runner.visible import visible

    for name, found in scenarios.items():  # type: ignore[attr-defined]
        for arm_name, arm in study.arms.items():
            if arm.feedback != "none":
                continue
            if of_twin(arm_name):
                print(f"=== {visible(name)}, {arm_name}: the same of a twin, which is made when the run begins")
                continue
            messages = told(found, arm, policy, study.early_confidence)  # type: ignore[arg-type]
            exact = digest([message.model_dump(mode="json") for message in messages])
            print(f"=== {visible(name)}, {arm_name}, sha256 {exact[:16]}")
            for message in messages:
                print(f"--- {message.role}\n{visible(message.text, newlines=True)}")
