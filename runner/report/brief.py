"""The few rows that a comparison of models is usually told in, filled by measurement instead of adjectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.measures.catalogue import MEASURES
from runner.report.facts import Fact
from runner.report.numbers import number
from runner.report.summary import Profile
from runner.report.svg import Table
from runner.statistics.variance import Row, kendall_tau, shares

ROWS: Mapping[str, tuple[str, ...]] = {
    "coding workflow": ("resolved", "verified", "checks_all"),
    "speed": ("seconds_total", "seconds_model", "seconds_first_token"),
    "error recovery": ("recovery_of_able", "episode_recovery", "from_failed_state"),
    "tool and workflow maturity": ("invalid_calls", "out_of_scope", "ask_f1", "after_denial_workaround"),
}
"""Row → the measures that fill it; momentum on public benchmarks says nothing of your bugs, and has no row."""


def brief(profiles: Mapping[str, Profile]) -> Table | None:
    """Rows × models, in each cell the measures that have a number; None without a model."""
    if not profiles:
        return None
    rows = [[title, *(_cell(profile, names) for profile in profiles.values())] for title, names in ROWS.items()]
    return Table("In short: value and 95 % interval", ["", *profiles], rows)


def _cell(profile: Profile, names: Sequence[str]) -> str:
    parts = []
    for name in names:
        finding = profile.measures[name]
        if finding.value is not None:
            parts.append(f"{MEASURES[name].title.strip()} {number(finding, MEASURES[name].unit).text}")
    return "; ".join(parts) or "–"


def variance(facts: Sequence[Fact]) -> Table | None:
    """Shares of variance of model, framing, scenario and repeat (U4); None where one model was told one way."""
    rows = [
        Row(each.key.model, each.key.arm, each.key.scenario, each.repo, each.key.repeat, float(each.resolved))
        for each in facts
        if each.counted and _told(each.key.arm)
    ]
    if len({(row.model, row.framing) for row in rows}) < 2:
        return None
    found = shares(rows)
    lines = []
    for part, estimate in found.items():
        text = number(estimate, "percent")
        lines.append([part, text.value or "–", text.interval or text.reason])
    tau = number(kendall_tau(rows), "number")
    lines.append(["ranking alike across framings (Kendall's τ)", tau.value or "–", tau.interval or tau.reason])
    return Table("Shares of the variance of outcomes", ["part", "share", "95 % interval"], lines)


def _told(arm: str) -> bool:
    """Whether nothing but the framing may be another one than in the control arm."""
    return arm == "control" or (arm.startswith("framing_") and "+" not in arm)
