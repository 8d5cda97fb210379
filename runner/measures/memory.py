"""Skill or memory: what is left of a model's success when scenarios that it may have seen are told otherwise.

Every number here is a hint and none is proof. Seen is short for a scenario that was public before the end of the
model's training data; where that end is not known, for any that is public. One that never was public is unseen; one out
of somebody else's collection of which nobody says since when it is public counts neither way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Literal, get_args

from runner.arms import TwinKind, perturbation_of
from runner.measures.base import Cases, Measure, Observe, ObservePair, Seen, as_difference, as_rate, control, perturbed
from runner.measures.record import Record
from runner.statistics.estimate import Estimate
from runner.statistics.memory import excess, excess_within

DIMENSION = "Skill or memory"
NOTE = (
    "What is lost when a scenario stands in another form (original - twin), on scenarios that the model may have seen, "
    "minus the same on those that it cannot have seen, as another form is harder, too; taken within each kind of twin, "
    "as kinds differ in that, and combined. An interval above 0 hints at "
    "memory; nothing here is proof. Seen: public before the model's training data end or, where nobody knows that end, "
    "public at all."
)
"""What a reader of a report must know of these numbers."""
Age = Literal["before", "after", "unknown", "private"]
"""When a scenario's fix became public, against the end of the model's training data; `unknown`: public, and nobody
knows that end."""


def age(trial: Record) -> Age | None:
    """None where the transcript does not say when its scenario became public, or nobody knows."""
    if trial.background is None or trial.background.undated:
        return None
    public, cut_off = trial.background.public_since, trial.background.cut_off
    return age_of(public, cut_off)


def age_of(public: date | None, cut_off: date | None) -> Age:
    """Of a scenario that is public since then, for a model whose training data end then."""
    if public is None:
        return "private"
    if cut_off is None:
        return "unknown"
    return "before" if public <= cut_off else "after"


def may_have_seen(trial: Record) -> bool | None:
    """Whether the model may have seen the scenario's fix; None where nobody knows when it became public."""
    found = age(trial)
    return None if found is None else found in ("before", "unknown")


def as_excess(cases: Cases) -> Estimate:
    """U2 of two groups: mean over scenarios that are seen - mean over those that are unseen, within each kind of twin.

    The kinds' differences are combined with weights of seen · unseen / (seen + unseen) scenarios, a kind with fewer
    than two on a side left out. Mantel and Haenszel 1959; t interval by scenario, Bell and McCaffrey 2002; of a single
    kind Welch 1947.
    """
    seen, unseen = ([_by_kind(each, group) for each in cases.values()] for group in (1.0, 0.0))
    return excess_within(seen, unseen)


def as_gap(cases: Cases) -> Estimate:
    """U2 of two groups: mean share over scenarios that are seen - that over those that are unseen. Welch 1947."""
    return excess(*_groups(cases), most=1.0)


def _groups(cases: Cases) -> tuple[list[list[float]], list[list[float]]]:
    seen, unseen = ([[one.value for one in each if one.of == group] for each in cases.values()] for group in (1.0, 0.0))
    return seen, unseen


def _by_kind(contributions: Sequence[Seen], group: float) -> dict[str, list[float]]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for each in contributions:
        if each.of == group:
            found[each.stratum].append(each.value)
    return found


def memory(trial: Record, twin: Record) -> Iterator[Seen]:
    """(Original - twin) on scenarios that the model may have seen, minus the same on those that it cannot have seen.

    The second is what the transformation itself costs, so that a model which remembers nothing has 0, whichever kinds
    of twins there are of either. A hint, not proof: seen scenarios may suffer more from a transformation for other
    reasons. SWE-Bench Illusion 2025.
    """
    seen = may_have_seen(trial)
    if seen is not None:
        yield from _gap(trial, twin, float(seen))


def twin_gap(trial: Record, twin: Record) -> Iterator[Seen]:
    """Resolved on the original - resolved on the twin, paired by scenario and repeat, of scenarios of this kind.

    Above 0 may be memory, and may be that other names are harder: it is no proof of either. All kinds of twins
    together: it hangs on their mix.
    """
    yield from _gap(trial, twin, 1.0)


def _gap(trial: Record, twin: Record, of: float) -> Iterator[Seen]:
    gap = float(twin.resolved) - float(trial.resolved)
    yield Seen(gap, of, (trial.finished_step,), stratum=perturbation_of(trial.key.arm))


def resolved_on_twins(trial: Record) -> Iterator[Seen]:
    """Resolved, of trials that run on a twin."""
    yield Seen(float(trial.resolved), steps=(trial.finished_step,))


def resolved_by_age(trial: Record) -> Iterator[Seen]:
    """Resolved, of scenarios whose fix became public then."""
    yield Seen(float(trial.resolved), steps=(trial.finished_step,))


def verbatim(trial: Record) -> Iterator[Seen]:
    """Of the lines that the reference fix adds, the share that a resolving patch adds word for word. Fixes of few
    lines have few forms: only the difference between seen and unseen scenarios hints at memory."""
    if trial.resolved and trial.patch is not None and trial.patch.overlap is not None:
        yield Seen(trial.patch.overlap.verbatim, steps=(trial.patch.step,))


def near_verbatim(trial: Record) -> Iterator[Seen]:
    """Twice the tokens that the reference fix and a resolving patch add in the same order, of those of both. Only the
    difference between seen and unseen scenarios hints at memory. Ratcliff and Metzener 1988."""
    if trial.resolved and trial.patch is not None and trial.patch.overlap is not None:
        yield Seen(trial.patch.overlap.tokens, steps=(trial.patch.step,))


Choose = Callable[[Record], bool]


def _only(choose: Choose, observe: Observe) -> Observe:
    def chosen(trial: Record) -> Iterator[Seen]:
        if choose(trial):
            yield from observe(trial)

    chosen.__doc__ = observe.__doc__
    return chosen


def _by_group(observe: Observe) -> Observe:
    """The same with the group as `of`: 1 for scenarios that the model may have seen, 0 for those that it cannot."""

    def grouped(trial: Record) -> Iterator[Seen]:
        if (may := may_have_seen(trial)) is not None:
            for each in observe(trial):
                yield each._replace(of=float(may))

    grouped.__doc__ = observe.__doc__
    return grouped


def _pairs(choose: Choose, observe: ObservePair) -> ObservePair:
    def chosen(trial: Record, twin: Record) -> Iterator[Seen]:
        if choose(trial):
            yield from observe(trial, twin)

    chosen.__doc__ = observe.__doc__
    return chosen


def _of(kind: str) -> Choose:
    """Of a single kind of twin, or of several that are `JOINED` in one twin."""
    if kind == JOINED:
        return lambda twin: "+" in perturbation_of(twin.key.arm)
    return lambda twin: perturbation_of(twin.key.arm) == kind


def _aged(wanted: Age) -> Choose:
    return lambda trial: age(trial) == wanted


JOINED = "joined"
TWINS = {kind: f"{kind} twins" for kind in get_args(TwinKind)} | {JOINED: "twins of several kinds"}
"""Name of the measure of memory by kind, `memory_KIND` → title."""
KINDS: dict[str, tuple[str, Choose]] = {
    "seen": ("seen", lambda trial: may_have_seen(trial) is True),
    "unseen": ("unseen", lambda trial: may_have_seen(trial) is False),
}
AGES: dict[Age, str] = {
    "before": "public before the cut-off",
    "after": "public after the cut-off",
    "unknown": "public, cut-off unknown",
    "private": "never public",
}


OVERLAPS = (
    ("verbatim", "reference lines word for word", verbatim),
    ("near_verbatim", "reference tokens in order", near_verbatim),
)


def _measures() -> Iterator[Measure]:
    yield Measure("memory", "memory (seen - unseen gap)", "points", as_excess, perturbed, observe_pair=memory)
    for kind, title in TWINS.items():
        within = _pairs(_of(kind), memory)
        yield Measure(f"memory_{kind}", f"memory, {title}", "points", as_excess, perturbed, observe_pair=within)
    yield Measure(
        "resolved_on_twins", "resolved, on twins", "percent", as_rate, perturbed, resolved_on_twins, better="more"
    )
    yield Measure("twin_gap", "original - twin", "points", as_difference, perturbed, observe_pair=twin_gap)
    for name, (kind, choose) in KINDS.items():
        gap, title = _pairs(choose, twin_gap), f"original - twin, {kind}"
        yield Measure(f"twin_gap_{name}", title, "points", as_difference, perturbed, observe_pair=gap)
    for when, aged in AGES.items():
        resolved = _only(_aged(when), resolved_by_age)
        yield Measure(f"resolved_{when}", f"resolved, {aged}", "percent", as_rate, control, resolved)
    for name, (kind, choose) in KINDS.items():
        for measure, words, observe in OVERLAPS:
            chosen = _only(choose, observe)
            yield Measure(f"{measure}_{name}", f"{words}, {kind}", "percent", as_rate, control, chosen)
    for measure, words, observe in OVERLAPS:
        grouped = _by_group(observe)
        yield Measure(f"{measure}_gap", f"{words}, seen - unseen", "points", as_gap, control, grouped)


MEASURES = tuple(_measures())
