"""A run's profiles and a list of trials as terminal tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from runner.console.across import Across, Column
from runner.measures.base import Measure
from runner.measures.catalogue import CATALOGUE
from runner.report.numbers import AT_FIRST_SIGHT, OF_INTEREST_IF_ANY, OWED, STYLES
from runner.report.summary import Profile, pareto
from runner.results import COUNTED, TrialResult
from runner.statistics.estimate import Estimate
from runner.visible import visible

VERDICT_STYLES = {
    "resolved": "green",
    "unresolved": "red",
    "agent_limit": "yellow",
    "tampered": "bold magenta",
    "infra_error": "cyan",
    "invalid_scenario": "cyan",
    "imported": "dim",
}

MODELS_ACROSS = 4
"""Profiles side by side at most; more go into further tables."""


def report(profiles: Mapping[str, Profile], every: bool = False) -> RenderableType:
    """A profile a model, side by side where there is room: each number with its 95 % interval and its N.

    N stands in the second row, and beside each number that other scenarios are behind. Measures of which no model has
    a number are left out; without `every`, also those that nobody needs at first sight, and money where none was spent.
    """
    if not profiles:
        return Text("no trial is done yet", style="dim")
    rows = list(_rows(profiles, every))
    labels = ["trials", "scenarios", *(label for label, _ in rows)]
    columns = [_column(model, profile, [measure for _, measure in rows]) for model, profile in profiles.items()]
    parts: list[RenderableType] = [Across("", labels, columns, MODELS_ACROSS)]
    if imported := sum(profile.verdicts.get("imported", 0) for profile in profiles.values()):
        said = f"{imported} imported: another harness made them, and nobody graded them here; taskfit show has its word"
        parts.append(Text(said, "yellow"))
    parts += [_not_counted(model, profile) for model, profile in profiles.items() if profile.bounds]
    parts += list(_money(profiles))
    footer = Text("In brackets: 95 % interval over scenarios. n: scenarios that say something of it.", style="dim")
    footer.append(" Each number's steps: taskfit report --why MEASURE")
    return Group(*parts, footer)


def _rows(profiles: Mapping[str, Profile], every: bool) -> Iterator[tuple[str, Measure | None]]:
    """Label and measure, with a heading above each dimension."""
    for dimension, group in CATALOGUE.items():
        shown = [measure for measure in group if _shown(measure, profiles, every)]
        if shown:
            yield dimension.upper(), None
        for measure in shown:
            yield f"  {measure.title}", measure


def _shown(measure: Measure, profiles: Mapping[str, Profile], every: bool) -> bool:
    found = [profile.measures[measure.name] for profile in profiles.values()]
    if measure.name == "resolved":
        return True
    owed = measure.name in OWED and any(each.trials for each in found)
    if all(each.value is None for each in found):
        return owed
    refuses = measure.name == "false_refusal" and any(profile.impossible for profile in profiles.values())
    if every or owed or refuses:
        return True
    spent = any(each.value for each in found) or not measure.name.startswith(OF_INTEREST_IF_ANY)
    return measure.name in AT_FIRST_SIGHT and spent


def _column(model: str, profile: Profile, measures: Sequence[Measure | None]) -> Column:
    """A model's numbers, which never break; only the reason why there is none may."""
    scenarios = profile.measures["resolved"].n
    cells = [Text(str(profile.trials)), Text(str(scenarios))]
    unbroken = 0
    for measure in measures:
        if measure is None:
            cells.append(Text(""))
            continue
        estimate = profile.measures[measure.name]
        cell = number(estimate, *STYLES[measure.unit])
        if estimate.value is not None:
            if estimate.n != scenarios:
                cell.append(f" n={estimate.n}", style="dim")
            unbroken = max(unbroken, cell_len(cell.plain))
        cells.append(cell)
    return Column(model, cells, unbroken)


def number(estimate: Estimate, style: str, scale: float = 1) -> Text:
    """A value and its interval, or why there is no number."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return Text(f"– ({estimate.reason})", style="dim")
    plain = style.removesuffix(" %").removesuffix(" pt")
    low, high = (plain.format(bound * scale) for bound in (estimate.low, estimate.high))
    return Text(style.format(estimate.value * scale)).append(f" [{low}–{high}]", style="dim")


def trials(results: Sequence[TrialResult]) -> RenderableType:
    """Scenarios and their arms down, models across where there is room, one mark a trial."""
    marks: defaultdict[str, defaultdict[tuple[str, str], list[TrialResult]]] = defaultdict(lambda: defaultdict(list))
    for result in sorted(results, key=lambda result: result.key.repeat):
        marks[result.key.model][result.key.scenario, result.key.arm].append(result)
    scenarios = list(dict.fromkeys(result.key.scenario for result in results))
    arms = list(dict.fromkeys(result.key.arm for result in results))
    there = {(result.key.scenario, result.key.arm) for result in results}
    places = [(scenario, arm) for scenario in scenarios for arm in arms if (scenario, arm) in there]
    labels = [scenario if arm == arms[0] else f"  {arm}" for scenario, arm in places]
    columns = []
    for model in dict.fromkeys(result.key.model for result in results):
        cells = [Text(" ").join(verdict(result.verdict) for result in marks[model][place]) for place in places]
        longest = max(len(result.verdict) for each in marks[model].values() for result in each)
        columns.append(Column(model, cells, longest))
    return Across("scenario", labels, columns)


def verdict(name: str) -> Text:
    return Text(name, style=VERDICT_STYLES.get(name, ""))


def _money(profiles: Mapping[str, Profile]) -> Iterator[Text]:
    """Where prices come from, and who is worth them; nothing where nothing was spent."""
    if not any(profile.measures["cost_usd_per_trial"].value for profile in profiles.values()):
        return
    sheets = sorted({sheet for profile in profiles.values() for sheet in profile.prices})
    yield Text(f"Prices: {visible('; '.join(sheets)) or 'unknown'}", style="dim")
    if len(profiles) > 1:
        front = ", ".join(visible(model) for model in pareto(profiles)) or "nobody was graded"
        yield Text(f"Pareto front of resolved against USD per trial: {front}", style="dim")


def _not_counted(model: str, profile: Profile) -> Text:
    assert profile.bounds is not None
    kinds = {name: count for name, count in profile.verdicts.items() if name not in COUNTED and name != "imported"}
    listed = ", ".join(f"{count} {name}" for name, count in kinds.items())
    low, high = (100 * bound for bound in profile.bounds)
    return Text(
        f"{visible(model)}: {listed} not counted; resolved would be {low:.0f}–{high:.0f} % either way",
        "yellow",
    )
