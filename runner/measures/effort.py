"""Consistency, speed and cost."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from runner.events.origins import Data
from runner.measures.base import (
    Measure,
    Observe,
    Seen,
    as_agreement,
    as_median,
    as_p90,
    as_pass_hat_k,
    as_ratio,
    control,
)
from runner.measures.fix import resolved
from runner.measures.record import Record

CONSISTENCY, SPEED, COST = "Consistency", "Speed", "Cost"


def turns(trial: Record) -> Iterator[Seen]:
    """Turns of a trial."""
    yield Seen(trial.turns)


def first_token(trial: Record) -> Iterator[Seen]:
    """Seconds from a request to the first token of its answer, thinking included; mean of a trial's turns."""
    if trial.first_tokens:
        yield Seen(fmean(trial.first_tokens))


def usd(trial: Record) -> Iterator[Seen]:
    """US dollars of a trial, attempts that came to nothing included, by the price sheet that the report names."""
    yield Seen(trial.cost_usd)


def usd_of_resolved(trial: Record) -> Iterator[Seen]:
    """US dollars of all trials ÷ resolved trials."""
    yield Seen(trial.cost_usd, float(trial.resolved))


def tokens(trial: Record) -> Iterator[Seen]:
    """Tokens in and out of a trial."""
    yield Seen(trial.usage.total)


def _seconds(part: str, what: str) -> Observe:
    def observe(trial: Record) -> Iterator[Seen]:
        if trial.times.total:  # else nobody took the time
            yield Seen(getattr(trial.times, part))

    observe.__doc__ = what
    return observe


PARTS: dict[str, tuple[str, str]] = {
    "total": ("seconds per trial", "Seconds from a trial's start to its verdict."),
    "model": ("  model", "Seconds in which the model thought and spoke, waiting for its provider left aside."),
    "tool": ("  tools", "Seconds in which tools worked."),
    "approval": ("  approvals", "Seconds of waiting for approvers."),
    "rate_limit": ("  rate limits", "Seconds of waiting for a provider: rate limits, retries, broken answers."),
    "sandbox": ("  sandbox", "Seconds of starting the model's sandbox and of taking its workspace out."),
    "grading": ("  grading", "Seconds of grading."),
}


def _speed() -> Iterator[Measure]:
    for part, (title, what) in PARTS.items():
        observe = _seconds(part, what)
        needs: frozenset[Data] = frozenset({"seconds" if part == "total" else "parts"})
        yield Measure(f"seconds_{part}", title, "seconds", as_median, control, observe, needs=needs)
        yield Measure(f"seconds_{part}_p90", f"{title}, p90", "seconds", as_p90, control, observe, needs=needs)
    known: frozenset[Data] = frozenset()
    yield Measure("seconds_first_token", "  first token", "seconds", as_median, control, first_token, needs=known)
    yield Measure("seconds_first_token_p90", "  first token, p90", "seconds", as_p90, control, first_token, needs=known)


CONSISTENCY_MEASURES = (
    Measure("pass_hat_k", "pass^k, largest k", "percent", as_pass_hat_k, control, resolved, better="more"),
    Measure("agreement", "two trials end alike", "percent", as_agreement, control, resolved, better="more"),
)
SPEED_MEASURES = (Measure("turns", "turns", "number", as_median, control, turns, needs=frozenset()), *_speed())
COST_MEASURES = (
    Measure(
        "cost_usd_per_trial", "USD per trial", "usd", as_ratio, control, usd, needs=frozenset({"cost"}), better="less"
    ),
    Measure("cost_usd_per_resolved", "USD per resolved", "usd", as_ratio, control, usd_of_resolved, better="less"),
    Measure("tokens", "tokens per trial", "number", as_median, control, tokens, needs=frozenset({"usage"})),
)
