"""Cost against success, with the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from runner.report.numbers import number
from runner.report.summary import Profile, pareto
from runner.report.svg import PERCENT_TICKS, Chart, Panel, Table, element, label, line, small, text

WIDTH, HEIGHT = 640.0, 320.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 24.0, 12.0, 40.0
CLOSE = 14.0
"""Points that are nearer to each other, across and up, share a label."""


class Place(NamedTuple):
    """A model, and where it stands."""

    model: str
    usd: float
    good: float
    low: float
    high: float
    front: bool
    """On the Pareto front."""


def cost(profiles: Mapping[str, Profile]) -> Chart | None:
    """Resolved against US dollars a trial, the Pareto front joined; None where nothing was spent."""
    places = _places(profiles)
    dearest = max((each.usd for each in places), default=0.0)
    if not dearest:
        return None

    def across(usd: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * usd / dearest

    parts = _axes(dearest)
    front = sorted((across(each.usd), _up(each.good)) for each in places if each.front)
    parts.append(element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in front), class_="front"))
    for each in places:
        x = across(each.usd)
        parts.append(line(x, _up(each.low), x, _up(each.high), "interval"))
    for each in places:
        kind = "dot" if each.front else "hollow"
        parts.append(element("circle", cx=across(each.usd), cy=_up(each.good), r=5.0, class_=kind))
    parts += _labels([(across(each.usd), _up(each.good), each.model) for each in places])
    said = "; ".join(f"{each.model}: {each.usd:.3g} US dollars, {100 * each.good:.0f} %" for each in places)
    drawing = small(WIDTH, HEIGHT, f"Resolved against cost. {said}", parts)
    caption = (
        "Across: US dollars a trial; up: share resolved, with its 95\u00a0% interval. No other model is both better "
        "and cheaper than a filled one, by the values alone: differences within the intervals are noise here, too."
    )
    return Chart(
        "chart-cost", "Cost against success", caption, [Panel("", drawing)], _table(profiles, places), (), True
    )


def _places(profiles: Mapping[str, Profile]) -> list[Place]:
    front = set(pareto(profiles))
    found = []
    for model, profile in profiles.items():
        usd, good = profile.measures["cost_usd_per_trial"].value, profile.measures["resolved"]
        if usd is not None and good.value is not None and good.low is not None and good.high is not None:
            found.append(Place(model, usd, good.value, good.low, good.high, model in front))
    return found


def _table(profiles: Mapping[str, Profile], places: Sequence[Place]) -> Table:
    rows = []
    for each in places:
        measures = profiles[each.model].measures
        money, share = number(measures["cost_usd_per_trial"], "usd"), number(measures["resolved"], "percent")
        rows.append([each.model, money.text, share.text, "yes" if each.front else "no"])
    return Table("Cost and success", ["model", "USD a trial", "resolved", "on the Pareto front"], rows)


def _up(share: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)


def _axes(dearest: float) -> list[Markup]:
    parts = []
    for tick, words in PERCENT_TICKS:
        parts.append(line(LEFT, _up(tick), WIDTH - RIGHT, _up(tick), "track"))
        parts.append(text(LEFT - 8, _up(tick) + 4, words, "tick", "end"))
    for step in range(5):
        x = LEFT + (WIDTH - LEFT - RIGHT) * step / 4
        parts.append(text(x, HEIGHT - 20, f"{dearest * step / 4:.3g}", "tick", "middle"))
    parts.append(text(WIDTH - RIGHT, HEIGHT - 3, "US dollars a trial", "tick", "end"))
    return parts


def _labels(points: Sequence[tuple[float, float, str]]) -> list[Markup]:
    """A name beside each point; points that lie together share one, the table below tells them apart."""
    near: list[tuple[float, float, list[str]]] = []
    for x, y, model in points:
        together = (names for at, up, names in near if abs(at - x) < CLOSE and abs(up - y) < CLOSE)
        if (names := next(together, None)) is not None:
            names.append(model)
        else:
            near.append((x, y, [model]))
    parts = []
    for x, y, names in near:
        words = label(names[0]) + (f" and {len(names) - 1} more" if len(names) > 1 else "")
        turned, below = x > WIDTH * 0.6, y < HEIGHT / 8
        place = x + (-9 if turned else 9), y + (16 if below else -7)
        parts.append(text(*place, words, "t", "end" if turned else "start"))
    return parts
