"""A run's profiles and a list of trials as terminal tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from runner.report.summary import Profile
from runner.results import TrialResult
from runner.statistics.estimate import Estimate
from runner.visible import visible

VERDICT_STYLES = {
    "resolved": "green",
    "unresolved": "red",
    "agent_limit": "yellow",
    "tampered": "bold magenta",
    "infra_error": "cyan",
    "invalid_scenario": "cyan",
}


def report(profiles: Mapping[str, Profile]) -> RenderableType:
    """One line a model, each number with its 95 % interval; the N behind them in the second column."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, justify in (("model", "left"), ("scenarios × trials", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for name in ("resolved", "invalid calls", "approvals asked", "cost / trial", "seconds", "of which tools"):
        table.add_column(name, justify="right")
    for model, profile in profiles.items():
        measures = profile.measures
        table.add_row(
            visible(model),
            f"{measures['resolved'].n} × {profile.trials}",
            interval(measures["resolved"], 100, " %"),
            interval(measures["invalid_calls"], 100, " %"),
            interval(measures["approvals_asked"], 1, " a trial", digits=1),
            interval(measures["cost_usd_per_trial"], 1, " USD", digits=3),
            interval(measures["seconds_total"], 1, " s", digits=1),
            interval(measures["seconds_tool"], 1, " s", digits=1),
        )
    notes = [_not_counted(model, profile) for model, profile in profiles.items() if profile.bounds]
    footer = Text("[low–high]: 95 % interval over scenarios; seconds are medians.", style="dim")
    return Group(table, *notes, footer)


def interval(estimate: Estimate, scale: float, unit: str, digits: int = 0) -> str:
    """`62 % [45–77]`, or why there is no number."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return f"– ({estimate.reason})"
    value, low, high = (f"{number * scale:.{digits}f}" for number in (estimate.value, estimate.low, estimate.high))
    return f"{value}{unit} [{low}–{high}]"


def trials(results: Sequence[TrialResult]) -> RenderableType:
    """Scenarios down, models across, one mark a trial."""
    models = list(dict.fromkeys(result.key.model for result in results))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("scenario")
    for model in models:
        table.add_column(visible(model))
    for scenario in dict.fromkeys(result.key.scenario for result in results):
        row = [Text(scenario)]
        for model in models:
            found = [r for r in results if r.key.scenario == scenario and r.key.model == model]
            row.append(Text(" ").join(verdict(r.verdict) for r in sorted(found, key=lambda r: r.key.repeat)))
        table.add_row(*row)
    return table


def verdict(name: str) -> Text:
    return Text(name, style=VERDICT_STYLES.get(name, ""))


def _not_counted(model: str, profile: Profile) -> Text:
    assert profile.bounds is not None
    kinds = {name: count for name, count in profile.verdicts.items() if name in ("infra_error", "invalid_scenario")}
    listed = ", ".join(f"{count} {name}" for name, count in kinds.items())
    low, high = (100 * bound for bound in profile.bounds)
    return Text(
        f"{visible(model)}: {listed} not counted; resolved would be {low:.0f}–{high:.0f} % either way",
        "yellow",
    )
