"""A run's profiles and a list of trials as terminal tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from runner.console.across import Across, Column
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
"""Profiles side by side at most; more go into further tables."""

ROWS: dict[str, tuple[str, str, float]] = {
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
    """A profile a model, side by side where there is room: each number with its 95 % interval and its N.

    N stands in the second row, and beside each number that fewer scenarios are behind. Without `every`, rows that
    nobody needs at first sight are left out: the parts of the time, and money where none was spent.
    """
    rows = {}
    for measure, row in ROWS.items():
        numbers = [profile.measures[measure] for profile in profiles.values()]
        known = any(estimate.value is not None for estimate in numbers)
        if measure == "resolved" or (known and (every or _telling(measure, numbers))):
            rows[measure] = row
    labels = ["trials", "scenarios", *(label for label, _, _ in rows.values())]
    columns = [_column(model, profile, rows) for model, profile in profiles.items()]
    parts: list[RenderableType] = [Across("", labels, columns, MODELS_ACROSS)] if columns else []
    notes = [_not_counted(model, profile) for model, profile in profiles.items() if profile.bounds]
    footer = Text("In brackets: 95 % interval over scenarios. Seconds are medians over scenarios.", style="dim")
    if any(" n=" in cell.plain for column in columns for cell in column.cells):
        footer.append("\nn: scenarios that say something of it, where not all do.")
    return Group(*parts, *notes, footer)


def _column(model: str, profile: Profile, rows: Mapping[str, tuple[str, str, float]]) -> Column:
    """A model's numbers, which never break; only the reason why there is none may."""
    scenarios = profile.measures["resolved"].n
    cells = [Text(str(profile.trials)), Text(str(scenarios))]
    unbroken = 0
    for measure, (_, style, scale) in rows.items():
        estimate = profile.measures[measure]
        cell = number(estimate, style, scale)
        if estimate.value is not None:
            if estimate.n != scenarios:
                cell.append(f" n={estimate.n}", style="dim")
            unbroken = max(unbroken, cell_len(cell.plain))
        cells.append(cell)
    return Column(model, cells, unbroken)


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
    """Scenarios down, models across where there is room, one mark a trial."""
    scenarios = list(dict.fromkeys(result.key.scenario for result in results))
    marks: defaultdict[str, defaultdict[str, list[TrialResult]]] = defaultdict(lambda: defaultdict(list))
    for result in sorted(results, key=lambda result: result.key.repeat):
        marks[result.key.model][result.key.scenario].append(result)
    columns = []
    for model in dict.fromkeys(result.key.model for result in results):
        cells = [Text(" ").join(verdict(result.verdict) for result in marks[model][name]) for name in scenarios]
        longest = max(len(result.verdict) for each in marks[model].values() for result in each)
        columns.append(Column(model, cells, longest))
    return Across("scenario", scenarios, columns)


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
