"""The tables of the page: each number with its interval and its N, or the reason why there is none."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.arms import CONTROL
from runner.counting import number_of
from runner.measures.base import Measure
from runner.measures.catalogue import CATALOGUE, NOTES
from runner.report.compare import Pair, chance
from runner.report.evidence import anchor
from runner.report.facts import Fact, outcomes
from runner.report.numbers import AT_FIRST_SIGHT, OF_INTEREST_IF_ANY, OWED, Number, number
from runner.report.summary import Profile
from runner.report.svg import Table
from runner.statistics.rates import rate

MOST_ACROSS = 6
"""Models beside each other; more stand below each other."""
MOST_ROWS = 200
"""Of pairs of models, and of what was excluded."""


@dataclass(frozen=True)
class Cell:
    """A number and where the page says what it comes from; for a heat map its shade from 0 to 10."""

    number: Number
    href: str = ""
    shade: int = -1
    title: str = ""


Cells = Mapping[tuple[str, str], Cell]


@dataclass(frozen=True)
class Grid:
    """Cells with a name for each row and each column."""

    caption: str
    corner: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]


@dataclass(frozen=True)
class Dimension:
    """A dimension's measures: those of first interest, and the others; either may be missing."""

    id: str
    title: str
    first: Grid | None
    more: Grid | None
    hidden: int
    """How many measures are in `more`."""
    note: str = ""
    """What a reader must know of these numbers."""


def grid(caption: str, first: tuple[str, Sequence[str]], second: tuple[str, Sequence[str]], cells: Cells) -> Grid:
    """Two kinds of names crossed, the second across where it has few; a cell's key is one of each, in order."""
    if len(second[1]) > MOST_ACROSS:
        turned = {(other, one): cell for (one, other), cell in cells.items()}
        first, second, cells = second, first, turned
    (corner, down), (_, across) = first, second
    return Grid(caption, corner, across, [(row, [cells[row, column] for column in across]) for row in down])


def dimensions(profiles: Mapping[str, Profile]) -> list[Dimension]:
    """Every dimension in which a model has a number, or is owed the reason why it has none."""
    found = []
    for at, (title, group) in enumerate(CATALOGUE.items(), start=1):
        there = [measure for measure in group if _is_told(measure, profiles)]
        first = [measure for measure in there if _at_first(measure, profiles)]
        more = [measure for measure in there if measure not in first]
        if there:
            grids = [_measures(title, each, profiles) if each else None for each in (first, more)]
            found.append(Dimension(f"dimension-{at}", title, grids[0], grids[1], len(more), NOTES.get(title, "")))
    return found


def with_number(profiles: Mapping[str, Profile]) -> list[str]:
    """The measures that the page has a row of."""
    return [measure.name for group in CATALOGUE.values() for measure in group if _is_told(measure, profiles)]


def _is_told(measure: Measure, profiles: Mapping[str, Profile]) -> bool:
    """Whether a model has a number, or the one that everybody looks for has a reason to have none."""
    found = [profile.measures[measure.name] for profile in profiles.values()]
    return any(each.value is not None or (measure.name in OWED and each.trials > 0) for each in found)


def _at_first(measure: Measure, profiles: Mapping[str, Profile]) -> bool:
    refuses = measure.name == "false_refusal" and any(profile.impossible for profile in profiles.values())
    if measure.name in OWED or refuses:
        return True
    spent = any(profile.measures[measure.name].value for profile in profiles.values())
    return measure.name in AT_FIRST_SIGHT and (spent or not measure.name.startswith(OF_INTEREST_IF_ANY))


def _measures(title: str, measures: Sequence[Measure], profiles: Mapping[str, Profile]) -> Grid:
    cells = {
        (measure.title, model): Cell(
            number(profile.measures[measure.name], measure.unit), f"#{anchor(measure.name, at)}"
        )
        for measure in measures
        for at, (model, profile) in enumerate(profiles.items())
    }
    titles = [measure.title for measure in measures]
    caption = f"{title}: value, 95 % interval, N scenarios"
    return grid(caption, ("measure", titles), ("model", list(profiles)), cells)


def differences(compared: Sequence[Pair]) -> Table | None:
    """Every pair of models; those whose difference is shown first."""
    rows = []
    for pair in sorted(compared, key=lambda pair: not pair.shown):
        text = number(pair.estimate, "points")
        answer = "yes" if pair.shown else "no" if pair.adjusted is not None else "–"
        whose = [pair.first, pair.second, text.value or "–", text.interval or text.reason]
        rows.append([*whose, str(text.n), chance(pair.estimate.p), chance(pair.adjusted), answer])
    head = ["model", "other model", "difference", "95 % interval", "scenarios", "p", "p after Holm", "shown"]
    left = len(rows) - MOST_ROWS
    if left > 0:
        rows = [*rows[:MOST_ROWS], [f"{left:,} more pairs", *[""] * (len(head) - 1)]]
    return Table("Differences in resolved, paired by scenario", head, rows) if rows else None


def arms(facts: Sequence[Fact], models: Sequence[str]) -> Grid | None:
    """Resolved by arm; None where there is but one."""
    names = list(dict.fromkeys(each.key.arm for each in facts))
    if len(names) < 2:
        return None
    return _resolved(
        "Resolved by arm", ("arm", names), models, facts, lambda each: each.key.arm, lambda name: name == CONTROL
    )


def repos(facts: Sequence[Fact], models: Sequence[str]) -> Grid | None:
    """Resolved by repository, control arm; None without a trial."""
    names = sorted({each.repo or "unknown" for each in facts if each.is_control})
    if not names:
        return None
    kept = [each for each in facts if each.is_control]
    return _resolved("Resolved by repository", ("repository", names), models, kept, lambda each: each.repo or "unknown")


def tags(facts: Sequence[Fact], models: Sequence[str]) -> Grid | None:
    """Resolved by tag of the scenarios, control arm; a scenario counts under each of its tags. None without a tag."""
    kept = [(tag, each) for each in facts if each.is_control for tag in each.tags]
    names = sorted({tag for tag, _ in kept})
    return _grouped("Resolved by tag", ("tag", names), models, kept) if names else None


def _resolved(
    caption: str,
    groups: tuple[str, Sequence[str]],
    models: Sequence[str],
    facts: Sequence[Fact],
    group: Callable[[Fact], str],
    linked: Callable[[str], bool] = lambda name: True,
) -> Grid:
    """`linked`: whether a row's trials are among those behind the resolved rate, whose steps it then leads to."""
    return _grouped(caption, groups, models, [(group(each), each) for each in facts], linked)


def _grouped(
    caption: str,
    groups: tuple[str, Sequence[str]],
    models: Sequence[str],
    facts: Iterable[tuple[str, Fact]],
    linked: Callable[[str], bool] = lambda name: True,
) -> Grid:
    sorted_out: defaultdict[tuple[str, str], list[Fact]] = defaultdict(list)
    for name, each in facts:
        sorted_out[name, each.key.model].append(each)
    cells = {}
    for name in groups[1]:
        for at, model in enumerate(models):
            mine = sorted_out[name, model]
            counted = [each for each in mine if each.counted]
            estimate = rate(list(outcomes(counted, lambda _: True).values()))
            good = sum(each.resolved for each in counted)
            steps = f"#{anchor('resolved', at)}" if linked(name) else ""
            title = f"{good} of {number_of(len(counted), 'trial')}"
            cells[name, model] = Cell(number(estimate, "percent"), steps, title=title)
    return grid(caption, groups, ("model", models), cells)


def heat(facts: Sequence[Fact], models: Sequence[str]) -> Grid | None:
    """Share resolved of each scenario by each model, control arm; None without a trial."""
    kept = [each for each in facts if each.is_control]
    scenarios = sorted({each.key.scenario for each in kept})
    if not scenarios:
        return None
    trials: defaultdict[tuple[str, str], list[Fact]] = defaultdict(list)
    for each in kept:
        trials[each.key.scenario, each.key.model].append(each)
    cells = {(scenario, model): _share(trials[scenario, model]) for scenario in scenarios for model in models}
    caption = "Share of trials resolved, by scenario and model, control arm"
    return grid(caption, ("scenario", scenarios), ("model", models), cells)


def _share(trials: Sequence[Fact]) -> Cell:
    counted = [each for each in trials if each.counted]
    if not counted:
        reason = f"{len(trials)} excluded" if trials else "no trial"
        return Cell(Number("", "", reason, 0), title=reason)
    good = sum(each.resolved for each in counted)
    share = good / len(counted)
    value = Number(f"{100 * share:.0f}", "", "", len(counted))
    return Cell(value, shade=round(10 * share), title=f"{good} of {number_of(len(counted), 'trial')} resolved")


def excluded(trials: Iterable[tuple[Fact, str]]) -> Table | None:
    """Trials that do not count, alike ones together; `trials` come with the reason of each."""
    alike = Counter(
        (each.key.model, each.key.arm, each.verdict, reason or "no reason given") for each, reason in trials
    )
    places = [[*what, str(many)] for what, many in alike.most_common(MOST_ROWS)]
    if len(alike) > MOST_ROWS:
        left = sum(alike.values()) - sum(int(row[-1]) for row in places)
        places.append(["others", "", "", "", str(left)])
    head = ["model", "arm", "verdict", "why", "trials"]
    return Table("Trials that say nothing of a model", head, places) if places else None


def lock(whole: Mapping[str, Any], images: Mapping[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What was held constant: group → names and whole values. Several alike of a group are one line."""
    study = whole.get("study", {})
    settings = {name: value for name, value in study.items() if not isinstance(value, dict | list)}
    groups: list[tuple[str, Mapping[str, Any]]] = [
        ("run", {**{name: whole[name] for name in ("taskfit", "engine") if name in whole}, **settings}),
        ("images", images),
    ]
    hashes: Mapping[str, Any] = whole.get("hashes", {})
    groups.append(("hashes", {name: value for name, value in hashes.items() if not isinstance(value, Mapping)}))
    groups += [(name, value) for name, value in hashes.items() if isinstance(value, Mapping)]
    return [(name, _lines(values)) for name, values in groups if values]


def _lines(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            lines += _lines(value, f"{prefix}{name}, ")
        else:
            lines.append((prefix + name, value if isinstance(value, str) else json.dumps(value)))
    return lines
