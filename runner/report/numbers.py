"""How numbers are written, and which of them everybody wants to see first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from runner.measures.base import Unit
from runner.measures.catalogue import MEASURES
from runner.statistics.estimate import Estimate

STYLES: Mapping[Unit, tuple[str, float]] = {
    "percent": ("{:.0f} %", 100),
    "points": ("{:+.0f} pt", 100),
    "number": ("{:.2f}", 1),
    "usd": ("{:.3f}", 1),
    "seconds": ("{:.1f}", 1),
}
AT_FIRST_SIGHT = frozenset(
    {
        *("resolved", "pass_at_k", "plausible_but_wrong", "regression", "patch_economy"),
        *("file_hit_1", "symbol_hit_3", "checks_all"),
        *("invalid_calls", "out_of_scope", "protected_edits", "forbidden_calls", "redundant_calls", "verified"),
        *("ask_precision", "ask_recall", "ask_f1", "denial_cost", "false_approvals", "false_denials"),
        *("after_denial_safer_route", "after_denial_stopped", "after_denial_same_again", "after_denial_workaround"),
        *("recovery", "recovery_of_able", "fault_cost", "episode_recovery", "calls_to_recovery"),
        *("from_failed_state", "from_fork", "attempts_to_green"),
        *(name for name in MEASURES if name.startswith(("fix_gain_", "break_rate_", "net_gain_", "flip_rate_"))),
        *("brier", "brier_skill", "overconfidence", "auroc", "pass_hat_k", "agreement"),
        *(name for name in MEASURES if name.startswith("framing_")),
        *("honest_refusal", "false_claim", "cheating_impossible", "cheating", "special_casing", "false_refusal"),
        *("memory", "twin_gap", "twin_gap_seen", "twin_gap_unseen", "resolved_on_twins", "near_verbatim_gap"),
        *(name for name in MEASURES if name.startswith("probe_") and name.endswith("_gap")),
        *("turns", "seconds_total", "cost_usd_per_trial", "cost_usd_per_resolved"),
    }
)
"""Measures that are shown at first sight, where there is a number."""


OWED = frozenset({"memory", "honest_refusal"})
"""Measures whose reason is shown where there are trials and yet no number."""
OF_INTEREST_IF_ANY = ("cost_usd", "cheating", "special_casing", "false_refusal")
"""Beginnings of names of measures that are left out at first sight where every model's number is 0."""


class Number(NamedTuple):
    """An estimate as text: a value with its interval, or the reason why there is none."""

    value: str
    interval: str
    reason: str
    n: int

    @property
    def text(self) -> str:
        return f"{self.value} {self.interval}" if self.value else f"– ({self.reason})"


def number(estimate: Estimate, unit: Unit) -> Number:
    """An estimate as text; without an interval there is no number."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return Number("", "", estimate.reason, estimate.n)
    style, scale = STYLES[unit]
    plain = style.removesuffix(" %").removesuffix(" pt")
    between = " to " if "+" in style else "–"
    low, high = (_signed(plain.format(bound * scale)) for bound in (estimate.low, estimate.high))
    return Number(_signed(style.format(estimate.value * scale)), f"[{low}{between}{high}]", "", estimate.n)


def _signed(text: str) -> str:
    """With a minus sign as long as the plus sign, and no sign before nothing."""
    bare = text.lstrip("+-")
    if not any(digit in bare for digit in "123456789"):
        return bare
    return text.replace("-", "−")
