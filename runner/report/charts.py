"""Charts with one row a model. Each has a text alternative, and the same as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from markupsafe import Markup

from runner.measures.base import Cases, Seen, Unit, as_difference
from runner.report.facts import Fact, outcomes
from runner.report.numbers import number
from runner.report.summary import Profile
from runner.report.svg import (
    PERCENT_TICKS,
    ROW,
    Chart,
    Panel,
    Table,
    element,
    heading,
    line,
    percent,
    scale,
    wide,
)
from runner.results import TrialKey
from runner.statistics.estimate import Estimate
from runner.statistics.rates import rate

PARTS = ("model", "tool", "approval", "rate_limit", "sandbox", "grading")
MEANINGS = {
    "model": "model",
    "tool": "tools",
    "approval": "approvals",
    "rate_limit": "waiting for a provider",
    "sandbox": "sandbox",
    "grading": "grading",
    "other": "the rest",
}


@dataclass(frozen=True)
class Forest:
    """One estimate a model with its interval, row by row: drawn, as a table's rows, and in words."""

    parts: Sequence[Markup]
    rows: Sequence[Sequence[str]]
    said: str
    height: float

    @classmethod
    def of(cls, estimates: Mapping[str, Estimate], unit: Unit, place: Callable[[float], str]) -> Forest:
        """`place` says where across the drawing a value lies."""
        parts, rows, said = [], [], []
        for at, (model, estimate) in enumerate(estimates.items()):
            written, y = number(estimate, unit), at * ROW
            parts += [*heading(y, model, written.text), line(percent(0), y + 28, percent(1), y + 28, "track")]
            if estimate.value is not None and estimate.low is not None and estimate.high is not None:
                parts += [line(place(estimate.low), y + 28, place(estimate.high), y + 28, "interval")]
                parts += [element("circle", cx=place(estimate.value), cy=y + 28.0, r=5.0, class_="dot")]
            rows.append([model, written.value or "–", written.interval or written.reason, str(estimate.n)])
            said.append(f"{model}: {written.text}")
        return cls(parts, rows, "; ".join(said), len(estimates) * ROW)


def forest(profiles: Mapping[str, Profile]) -> Chart:
    """Resolved, with its interval."""
    found = Forest.of({model: each.measures["resolved"] for model, each in profiles.items()}, "percent", percent)
    parts = [*found.parts, *scale(found.height, PERCENT_TICKS)]
    drawing = wide(found.height + 16, f"Resolved by model. {found.said}", parts)
    caption = (
        "Share of scenarios resolved in the control arm; the line is the 95\u00a0% interval, in the order of the run."
    )
    table = Table("Resolved by model", ["model", "resolved", "95 % interval", "scenarios"], found.rows)
    return Chart("chart-resolved", "Resolved", caption, [Panel("", drawing)], table)


def time(facts: Sequence[Fact], models: Sequence[str]) -> Chart | None:
    """Mean seconds of a trial of the control arm by where they went; None where nobody took the time."""
    means: dict[str, dict[str, float]] = {}
    for model in models:
        times = [each.times for each in facts if each.is_control and each.counted and each.key.model == model]
        if times:
            mine = {part: fmean(getattr(each, part) for each in times) for part in PARTS}
            mine["other"] = max(0.0, fmean(each.total for each in times) - sum(mine.values()))
            means[model] = mine
    longest = max((sum(mine.values()) for mine in means.values()), default=0.0)
    if not longest:
        return None
    parts, rows = [], []
    for at, (model, mine) in enumerate(means.items()):
        total, left = sum(mine.values()), 0.0
        parts += heading(at * ROW, model, f"{total:,.1f} s")
        for name, seconds in mine.items():
            kind, width = f"bar p-{name}", f"{100 * seconds / longest:.3f}%"
            tip = element("title", f"{MEANINGS[name]}: {seconds:,.1f} s")
            x = f"{100 * left / longest:.3f}%"
            parts.append(element("rect", tip, x=x, y=at * ROW + 21.0, width=width, height=14.0, class_=kind))
            left += seconds
        rows.append([model, *(f"{mine[name]:,.1f}" for name in MEANINGS), f"{total:,.1f}"])
    said = "; ".join(f"{model}: {sum(mine.values()):.1f} s" for model, mine in means.items())
    drawing = wide(len(means) * ROW, f"Seconds a trial by where they went. {said}", parts)
    head = ["model", *(f"{meaning}, s" for meaning in MEANINGS.values()), "total, s"]
    caption = (
        "Mean seconds of a trial of the control arm. Waiting for a provider or an approver is not the model's time."
    )
    legend = [
        (f"p-{name}", meaning)
        for name, meaning in MEANINGS.items()
        if any(each[name] >= 0.05 for each in means.values())
    ]
    title = "Where the time went"
    return Chart("chart-time", title, caption, [Panel("", drawing)], Table(title, head, rows), legend)


def recovery(facts: Sequence[Fact], models: Sequence[str]) -> Chart | None:
    """Resolved with a delivered fault beside its fault-free twin; None where no fault was delivered."""
    by_key = {each.key: each for each in facts if each.counted}
    parts, rows, said = [], [], []
    at = 0
    for model in models:
        found = [each for each in facts if each.faulted and each.counted and each.key.model == model]
        faulted = [each for each in found if each.twin in by_key]
        if not faulted:
            continue
        twins = [by_key[each.twin] for each in faulted]
        sides = [_means(each) for each in (twins, faulted)]
        gap = number(as_difference(Cases(_gaps(faulted, by_key), {})), "points")
        y = at * ROW
        before, after = (percent(side) for side in sides)
        parts += [*heading(y, model, gap.text), line(percent(0), y + 28, percent(1), y + 28, "track")]
        parts += [line(before, y + 28, after, y + 28, "interval")]
        parts += [element("circle", cx=before, cy=y + 28.0, r=6.0, class_="hollow")]
        parts += [element("circle", cx=after, cy=y + 28.0, r=4.0, class_="dot")]
        rates = [number(_rate(each), "percent").text for each in (twins, faulted)]
        rows.append([model, *rates, gap.text, str(len(faulted))])
        said.append(f"{model}: {100 * sides[0]:.0f} % without, {100 * sides[1]:.0f} % with the fault")
        at += 1
    if not at:
        return None
    drawing = wide(at * ROW + 16, f"Recovery. {'; '.join(said)}", [*parts, *scale(at * ROW, PERCENT_TICKS)])
    caption = "Resolved with a delivered fault (filled) and in the fault-free twin (ring); on the right the difference."
    head = ["model", "fault-free twin", "with a fault", "difference", "faulted trials"]
    table = Table("Recovery from faults", head, rows)
    return Chart("chart-recovery", "Recovery from faults", caption, [Panel("", drawing)], table)


def _means(facts: Sequence[Fact]) -> float:
    """The mean over scenarios of each one's mean."""
    return fmean(fmean(each) for each in outcomes(facts, lambda _: True).values())


def _rate(facts: Sequence[Fact]) -> Estimate:
    return rate(list(outcomes(facts, lambda _: True).values()))


def _gaps(faulted: Sequence[Fact], by_key: Mapping[TrialKey, Fact]) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = {}
    for each in faulted:
        gap = float(each.resolved) - float(by_key[each.twin].resolved)
        found.setdefault(each.key.scenario, []).append(Seen(gap))
    return found
