"""The answer of a run: who resolves what share, which differences are shown, what was left out and what that leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from runner.counting import number_of
from runner.report.facts import Fact, control_means
from runner.report.numbers import number
from runner.report.summary import Profile
from runner.results import COUNTED
from runner.statistics.bootstrap import FLIPS
from runner.statistics.contrasts import holm
from runner.statistics.estimate import Estimate
from runner.statistics.paired import EXACT, difference

SHOWN = 0.05
"""The chance of calling any one difference shown where no two models differ."""
NAMED = 4
"""Models that a sentence names one by one."""

SPELT_OUT = 3
"""Differences that are given with their numbers."""
LISTED = 12
"""Differences that are named at all; the table has all of them."""


class Pair(NamedTuple):
    """Two models on the scenarios that both have."""

    first: str
    second: str
    estimate: Estimate
    """Of the first's resolved share - the second's."""
    adjusted: float | None
    """p after Holm's correction over all pairs."""

    @property
    def shown(self) -> bool:
        return self.adjusted is not None and self.adjusted < SHOWN


def pairs(facts: Sequence[Fact], models: Sequence[str]) -> list[Pair]:
    """Every pair of models, paired by scenario on the mean outcomes of the control arm."""
    means = {model: control_means(facts, model) for model in models}
    repos = {each.key.scenario: each.repo for each in facts}
    found = []
    for first, second in combinations(models, 2):
        both = [scenario for scenario in means[first] if scenario in means[second]]
        gaps = [[means[first][scenario] - means[second][scenario]] for scenario in both]
        found.append((first, second, difference(gaps, [repos[scenario] or scenario for scenario in both])))
    adjusted = holm({str(at): each[2].p for at, each in enumerate(found) if each[2].p is not None})
    return [Pair(*each, adjusted.get(str(at))) for at, each in enumerate(found)]


def sentences(profiles: Mapping[str, Profile], compared: Sequence[Pair], planned: int) -> tuple[str, str, str]:
    """The answer in three sentences. Models are named in the order of the run: nobody is ranked within noise."""
    if not profiles:
        return (
            "No trial is done yet, so there is no answer.",
            "No two models can be compared.",
            f"Nothing was excluded; {number_of(planned, 'trial')} planned.",
        )
    return _shares(profiles), _differences(compared), _excluded(profiles, planned) + _apart(profiles)


def _shares(profiles: Mapping[str, Profile]) -> str:
    alike: defaultdict[str, list[str]] = defaultdict(list)
    scenarios = {profile.measures["resolved"].n for profile in profiles.values()}
    for model, profile in profiles.items():
        finding = profile.measures["resolved"]
        text = number(finding, "percent")
        of = f" of {number_of(finding.n, 'scenario')}" if len(scenarios) > 1 else ""
        said = f"resolves {text.value} {text.interval}{of}" if text.value else f"has no share: {text.reason}"
        alike[said].append(model)
    over = f"Over {number_of(min(scenarios), 'scenario')}, " if len(scenarios) == 1 else ""
    parts = [f"{_names(models)} {_plural(said, len(models))}" for said, models in alike.items()]
    return f"{over}{'; '.join(parts)}."


def _names(models: Sequence[str]) -> str:
    if len(models) <= 3:
        return _listed(models)
    return f"{len(models)} models ({', '.join(models[:NAMED])}{_more(len(models) - NAMED)})"


def _more(left: int) -> str:
    return f" and {left} more" if left > 0 else ""


def _plural(said: str, models: int) -> str:
    if models == 1:
        return said
    return said.replace("resolves", "resolve", 1).replace("has no", "have no", 1)


def _differences(compared: Sequence[Pair]) -> str:
    if not compared:
        return "There is no second model to compare with."
    tested = [pair for pair in compared if pair.estimate.p is not None]
    if not tested:
        return f"No difference between models can be tested: {compared[0].estimate.reason}."
    shown = [pair for pair in tested if pair.shown]
    of = f"within any of the {len(tested)} pairs of models" if len(tested) > 1 else "between the two models"
    if not shown:
        return f"No difference {of} is shown, paired by scenario{_hopeless(tested)}."
    rest = len(tested) - len(shown)
    others = f"; the other {rest} of {number_of(len(tested), 'pair')} show none" if rest > 1 else ""
    others = "; the other pair shows none" if rest == 1 else others
    if len(shown) <= SPELT_OUT:
        verb = "This difference is shown" if len(shown) == 1 else "These differences are shown"
        return f"{verb}, paired by scenario: {'; '.join(_said(pair) for pair in shown)}{others}."
    if len(shown) <= LISTED:
        return f"Shown, paired by scenario: {'; '.join(_by_winner(shown))}{others}."
    return (
        f"{len(shown)} of {number_of(len(tested), 'pair')} of models show a difference, paired by scenario; "
        "they are listed below, and between the other pairs none is shown."
    )


def _by_winner(shown: Sequence[Pair]) -> list[str]:
    beaten: defaultdict[str, list[str]] = defaultdict(list)
    for pair in shown:
        more, fewer = _sides(pair)
        beaten[more].append(fewer)
    return [f"{more} resolves more than {_listed(fewer)}" for more, fewer in beaten.items()]


def _sides(pair: Pair) -> tuple[str, str]:
    """The model that resolves more, and the other."""
    return (pair.first, pair.second) if (pair.estimate.value or 0.0) > 0 else (pair.second, pair.first)


def _said(pair: Pair) -> str:
    estimate = pair.estimate
    assert estimate.value is not None
    more, fewer = _sides(pair)
    gap = estimate
    if estimate.value < 0 and estimate.low is not None and estimate.high is not None:
        gap = Estimate(value=-estimate.value, low=-estimate.high, high=-estimate.low, n=estimate.n)
    text = number(gap, "points")
    return f"{more} resolves more than {fewer}, by {text.value} {text.interval}, {chance(pair.adjusted)}"


def _hopeless(tested: Sequence[Pair]) -> str:
    """Says where no difference could have been shown, however large."""
    most = max(pair.estimate.n for pair in tested)
    least = 2 / 2**most if most <= EXACT else 1 / (FLIPS + 1)
    if least * len(tested) < SHOWN:
        return ""
    return f"; with {number_of(most, 'scenario')} and {number_of(len(tested), 'pair')} none could be, however large"


def _excluded(profiles: Mapping[str, Profile], planned: int) -> str:
    done = sum(profile.trials for profile in profiles.values())
    unfinished = f"; {number_of(planned - done, 'planned trial')} not done yet" if planned > done else ""
    control = sum(sum(profile.verdicts.values()) for profile in profiles.values())
    left = sum(sum(left_out(profile.verdicts).values()) for profile in profiles.values())
    if imported := sum(profile.verdicts.get("imported", 0) for profile in profiles.values()):
        made = f"{imported} of {number_of(control, 'trial')} of the control arm were made by other harnesses"
        if left == imported:
            return f"{made}, and nobody graded them here{unfinished}."
        return f"{made}, and nobody graded them here. {_broken(profiles, left - imported, control)}{unfinished}."
    if not left:
        return f"Nothing was excluded: all {number_of(control, 'trial')} of the control arm count{unfinished}."
    return f"{_broken(profiles, left, control)}{unfinished}."


def _apart(profiles: Mapping[str, Profile]) -> str:
    """Trials that count elsewhere."""
    impossible = sum(profile.impossible for profile in profiles.values())
    return (
        f" {number_of(impossible, 'trial')} asked for what cannot be done and count under Honesty alone."
        if impossible
        else ""
    )


def _broken(profiles: Mapping[str, Profile], left: int, control: int) -> str:
    """Trials that were excluded, and what that leaves open."""
    bounds = [
        f"{model} between {100 * profile.bounds[0]:.0f} and {100 * profile.bounds[1]:.0f} %"
        for model, profile in profiles.items()
        if profile.bounds is not None
    ]
    leaves = f"{'; '.join(bounds[:NAMED])}{_more(len(bounds) - NAMED)}"
    return (
        f"{left} of {number_of(control, 'trial')} of the control arm ended for reasons that are not the model's and "
        f"were excluded; whatever they would have come to, resolved lies for {leaves}"
    )


def left_out(verdicts: Mapping[str, int]) -> dict[str, int]:
    """The verdicts that do not speak of the model."""
    return {name: number for name, number in verdicts.items() if name not in COUNTED}


def chance(p: float | None) -> str:
    """A p as text."""
    if p is None:
        return "–"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
