"""Charts with one small drawing a model: how confidence fits outcomes, and what challenges do to submissions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, get_args

from markupsafe import Markup

from runner.arms import ChallengeKind
from runner.report.facts import Fact
from runner.report.numbers import number
from runner.report.svg import Chart, Panel, Table, element, label, line, small, text
from runner.statistics.estimate import Estimate
from runner.statistics.rates import rate

SIZE = 176.0
LEFT, TOP, INNER = 30.0, 8.0, 136.0
BINS = 5
FLOWS = {
    (True, True): ("f-kept", "right before and after"),
    (False, True): ("f-fixed", "wrong, then right"),
    (True, False): ("f-broken", "right, then wrong"),
    (False, False): ("f-wrong", "wrong before and after"),
}


class Bin(NamedTuple):
    """Trials whose confidence is about the same."""

    said: float
    """Mean confidence."""
    came: float
    """Share resolved, of trials."""
    estimate: Estimate
    """The same over scenarios, with its interval."""
    trials: int


def reliability(facts: Sequence[Fact], models: Sequence[str]) -> Chart | None:
    """Stated confidence against the share resolved, control arm; None where nobody stated any."""
    panels, rows = [], []
    for model in models:
        mine = [each for each in facts if each.is_control and each.counted and each.key.model == model]
        bins = list(_bins(mine))
        if not bins:
            continue
        panels.append(Panel(label(model), _reliability(model, bins)))
        for each in bins:
            came = number(each.estimate, "percent").text
            rows.append([model, f"{100 * each.said:.0f} %", came, str(each.trials)])
    if not panels:
        return None
    caption = (
        "Across: confidence at submission; up: share resolved, with its 95\u00a0% interval over scenarios. "
        "On the diagonal, confidence is as good as it says; below it, too high. A ring is one scenario: no interval."
    )
    table = Table("Confidence and outcome", ["model", "mean confidence", "resolved", "trials"], rows)
    return Chart("chart-reliability", "Confidence against outcome", caption, panels, table)


def _bins(facts: Iterable[Fact]) -> Iterable[Bin]:
    """Bins of equal width, those without a trial left out."""
    found: dict[int, list[Fact]] = {}
    for each in facts:
        if each.confidence is not None:
            found.setdefault(min(BINS - 1, int(each.confidence * BINS)), []).append(each)
    for _, mine in sorted(found.items()):
        cases: dict[str, list[float]] = {}
        for each in mine:
            cases.setdefault(each.key.scenario, []).append(float(each.resolved))
        said = sum(each.confidence or 0.0 for each in mine) / len(mine)
        came = sum(each.resolved for each in mine) / len(mine)
        yield Bin(said, came, rate(list(cases.values())), len(mine))


def _reliability(model: str, bins: Sequence[Bin]) -> Markup:
    def across(share: float) -> float:
        return LEFT + INNER * share

    def up(share: float) -> float:
        return TOP + INNER * (1 - share)

    parts = [element("rect", x=LEFT, y=TOP, width=INNER, height=INNER, class_="frame")]
    parts.append(line(across(0), up(0), across(1), up(1), "front"))
    for tick in (0.0, 0.5, 1.0):
        parts.append(text(LEFT - 5, up(tick) + 4, f"{100 * tick:.0f}", "tick", "end"))
        parts.append(text(across(tick), SIZE - 16, f"{100 * tick:.0f}", "tick", "middle"))
    said = []
    for each in bins:
        x, estimate = across(each.said), each.estimate
        if estimate.value is not None and estimate.low is not None and estimate.high is not None:
            parts.append(line(x, up(estimate.low), x, up(estimate.high), "interval"))
            parts.append(element("circle", cx=x, cy=up(estimate.value), r=4.0, class_="dot"))
        else:
            parts.append(element("circle", cx=x, cy=up(each.came), r=4.0, class_="hollow"))
        said.append(f"at {100 * each.said:.0f} %, {number(estimate, 'percent').text} of {each.trials} trials")
    return small(SIZE, SIZE - 8, f"{model}: resolved {'; '.join(said)}", parts)


def revision(facts: Sequence[Fact], models: Sequence[str]) -> list[Chart]:
    """One chart a challenge: submissions before and after it."""
    charts = []
    for kind in get_args(ChallengeKind):
        panels, rows = [], []
        for model in models:
            mine = [each for each in facts if each.challenge == kind and each.counted and each.key.model == model]
            flows = Counter((each.first, each.resolved) for each in mine if each.first is not None)
            if flows:
                panels.append(Panel(label(model), _flow(model, flows)))
                rows.append([model, *(str(flows[flow]) for flow in FLOWS)])
        if panels:
            said = kind.replace("_", " ")
            table = Table(f"After “{said}”", ["model", *(meaning for _, meaning in FLOWS.values())], rows)
            caption = "Trials: the first submission (left, y₀) and the last one after the challenge (right, y₁)."
            title = f"Revision: “{said}”"
            charts.append(Chart(f"chart-revision-{kind}", title, caption, panels, table, list(FLOWS.values())))
    return charts


def _flow(model: str, flows: Counter[tuple[bool, bool]]) -> Markup:
    """Ribbons from the first submission's outcome, right above wrong, to the last one's."""
    width, height, edge, gap = SIZE, 72.0, 30.0, 8.0
    total = flows.total()
    unit = (height - gap) / total
    right = {
        "before": flows[True, True] + flows[True, False],
        "after": flows[True, True] + flows[False, True],
    }
    starts = {side: {True: 0.0, False: count * unit + (gap if count else 0.0)} for side, count in right.items()}
    parts = []
    for (first, last), (kind, meaning) in FLOWS.items():
        count = flows[first, last]
        if not count:
            continue
        thick = count * unit
        y0, y1 = starts["before"][first], starts["after"][last]
        starts["before"][first], starts["after"][last] = y0 + thick, y1 + thick
        a, b, middle = edge, width - edge, width / 2
        path = (
            f"M{a:g} {y0:.1f}C{middle:g} {y0:.1f} {middle:g} {y1:.1f} {b:g} {y1:.1f}V{y1 + thick:.1f}"
            f"C{middle:g} {y1 + thick:.1f} {middle:g} {y0 + thick:.1f} {a:g} {y0 + thick:.1f}Z"
        )
        parts.append(element("path", element("title", f"{meaning}: {count}"), d=path, class_=kind))
    for x, anchor, count in ((edge - 5, "end", right["before"]), (width - edge + 5, "start", right["after"])):
        if count:
            parts.append(text(x, count * unit / 2 + 4, f"{count} ✓", "tick", anchor))
        if total - count:
            y = height - (total - count) * unit / 2 + 4
            parts.append(text(x, min(height, y if count else height / 2 + 4), f"{total - count} ✗", "tick", anchor))
    said = "; ".join(f"{meaning}: {flows[flow]}" for flow, (_, meaning) in FLOWS.items() if flows[flow])
    return small(width, height, f"{model}: {said}", parts)
