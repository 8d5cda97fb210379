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

MODELS_ACROSS = 4
"""Profiles side by side; more go into further tables."""

ROWS = {
    "resolved": ("resolved", "{:.0f} %", 100),
    "invalid_calls": ("invalid calls", "{:.1f} %", 100),
    "forbidden_calls": ("forbidden calls", "{:.1f} %", 100),
    "approvals_asked": ("asked per trial", "{:.1f}", 1),
    "approvals_granted": ("approvals granted", "{:.0f} %", 100),
    "cost_usd_per_trial": ("USD per trial", "{:.3f}", 1),
    "cost_usd_per_resolved": ("USD per resolved", "{:.3f}", 1),
    "turns": ("turns", "{:.0f}", 1),
    "seconds_total": ("seconds per trial", "{:.1f}", 1),
    "seconds_model": ("  model", "{:.1f}", 1),
    "seconds_tool": ("  tools", "{:.1f}", 1),
    "seconds_approval": ("  approvals", "{:.1f}", 1),
    "seconds_sandbox": ("  sandbox", "{:.1f}", 1),
    "seconds_grading": ("  grading", "{:.1f}", 1),
}


def report(profiles: Mapping[str, Profile], every: bool = False) -> RenderableType:
    """A profile a model, side by side: each number with its 95 % interval and, in the first rows, its N.

    Without `every`, rows that nobody needs at first sight are left out: the parts of the time, and money where none
    was spent.
    """
    parts: list[RenderableType] = []
    models = list(profiles)
    for first in range(0, len(models), MODELS_ACROSS):
        across = models[first : first + MODELS_ACROSS]
        table = Table("", *map(visible, across), box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_row("trials", *(str(profiles[model].trials) for model in across))
        table.add_row("scenarios", *(str(profiles[model].measures["resolved"].n) for model in across))
        for measure, (label, style, scale) in ROWS.items():
            numbers = [profiles[model].measures[measure] for model in across]
            if any(estimate.value is not None for estimate in numbers) and (every or _telling(measure, numbers)):
                table.add_row(label, *(number(estimate, style, scale) for estimate in numbers))
        parts.append(table)
    notes = [_not_counted(model, profile) for model, profile in profiles.items() if profile.bounds]
    footer = Text("In brackets: 95 % interval over scenarios. Seconds are medians over scenarios.", style="dim")
    return Group(*parts, *notes, footer)


def _telling(measure: str, numbers: Sequence[Estimate]) -> bool:
    if measure.startswith("seconds_"):
        return measure == "seconds_total"
    return not measure.startswith("cost_usd") or any(estimate.value for estimate in numbers)


def number(estimate: Estimate, style: str, scale: float = 1) -> Text:
    """A value and its interval, or why there is no number."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return Text(f"– ({estimate.reason})", style="dim")
    low, high = (style.removesuffix(" %").format(bound * scale) for bound in (estimate.low, estimate.high))
    return Text(style.format(estimate.value * scale)).append(f" [{low}–{high}]", style="dim")


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
