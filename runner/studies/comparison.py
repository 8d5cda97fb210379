"""Two models on the same scenarios: their differences, judged together, and nothing ranked within noise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from runner.errors import UserError
from runner.measures.base import Measure
from runner.measures.catalogue import MEASURES
from runner.measures.compute import contributions
from runner.measures.record import Record
from runner.messages import Frozen
from runner.statistics.contrasts import Contrast, compare
from runner.statistics.estimate import Estimate
from runner.statistics.sequences import confidence_sequence

PAIRABLE = frozenset({"as_rate", "as_share", "as_median", "as_ratio"})
"""Estimators of measures whose difference can be taken scenario by scenario."""


class Comparison(Frozen):
    """A second model against a first one, in one measure."""

    first: str
    second: str
    measure: str
    contrast: Contrast
    """Of second - first; as shares, a difference of 0.1 is ten percentage points."""
    anytime: Estimate | None = None
    """For a run that is looked at before its end: an interval that holds at every look (`statistics.sequences`)."""


def comparisons(
    trials: Iterable[Record],
    measures: Sequence[str] = ("resolved",),
    pairs: Sequence[tuple[str, str]] = (),
    early: bool = False,
) -> list[Comparison]:
    """Every pair of models in every declared measure, Holm over all of them. Raises UserError.

    `pairs` are those of interest, all of them when empty. Only scenarios of which both models have something to say
    count, each as one difference of means. `early`: the trials are not all there yet, and somebody looks already; what
    is there must come in the order in which it was run.
    """
    chosen = {name: pairable(name) for name in measures}
    found = contributions(trials, chosen)
    wanted = list(pairs) or list(combinations(found, 2))
    differences: dict[str, list[list[float]]] = {}
    clusters: dict[str, list[str]] = {}
    named: dict[str, tuple[str, str, str]] = {}
    for measure in chosen:
        for first, second in wanted:
            mine, yours = found[first][measure].means(), found[second][measure].means()
            common = [scenario for scenario in mine if scenario in yours]
            name = f"{second} - {first}: {measure}"
            named[name] = (first, second, measure)
            differences[name] = [[yours[scenario] - mine[scenario]] for scenario in common]
            repos = found[first][measure].repos
            clusters[name] = [repos.get(scenario) or scenario for scenario in common]
    judged = compare(differences, list(named), clusters)
    return [
        Comparison(
            first=first,
            second=second,
            measure=measure,
            contrast=contrast,
            anytime=_anytime(differences[name]) if early else None,
        )
        for contrast, (name, (first, second, measure)) in zip(judged, named.items(), strict=True)
    ]


def _anytime(differences: Sequence[Sequence[float]]) -> Estimate | None:
    looks = confidence_sequence([value for each in differences for value in each])
    return looks[-1] if looks else None


def pairable(name: str) -> Measure:
    """The measure, if its difference can be taken scenario by scenario. Raises UserError."""
    if name not in MEASURES:
        raise UserError(f"no measure named {name!r}; see docs/measures.md")
    measure = MEASURES[name]
    if measure.unit != "percent" or measure.estimator.__name__ not in PAIRABLE:
        raise UserError(f"{name} has no difference by scenario; compare a rate or a share")
    return measure


def sentence(found: Comparison, titles: Mapping[str, Measure] = MEASURES) -> str:
    """What a comparison says, in words."""
    contrast, what = found.contrast, titles[found.measure].title.strip()
    value, estimate = contrast.estimate.value, contrast.estimate
    if value is None or estimate.low is None or estimate.high is None:
        return f"{found.second} and {found.first}, {what}: no comparison ({contrast.reason or estimate.reason})"
    bounds = f"{100 * value:+.0f} points [{100 * estimate.low:.0f} to {100 * estimate.high:.0f}, n={estimate.n}]"
    adjusted = f"adjusted p {_p(contrast.adjusted)}" if contrast.adjusted is not None else ""
    if found.anytime is not None and found.anytime.low is not None and found.anytime.high is not None:
        bounds += f"; looked at early, at every look [{100 * found.anytime.low:.0f} to {100 * found.anytime.high:.0f}]"
    if contrast.verdict == "no difference shown":
        more = f"; {contrast.needed} scenarios would show one of that size" if contrast.needed else ""
        return f"{what}: no difference shown of {found.second} from {found.first}: {bounds}, {adjusted}{more}"
    return f"{what}: {found.second} is {contrast.verdict} than {found.first}: {bounds}, {adjusted}"


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"
