"""Recovery: what a model does when a tool fails, lies or breaks off, or when it inherits somebody's failed work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple, get_args

from runner.arms import Persistence, Visibility
from runner.effects import Effect
from runner.measures.base import (
    Measure,
    ObservePair,
    Seen,
    as_difference,
    as_rate,
    as_ratio,
    as_share,
    as_survival,
    control,
    every,
    fresh,
)
from runner.measures.discipline import edited, ran_tests
from runner.measures.record import Call, Record

DIMENSION = "Recovery"
WITHIN = 5
"""m: calls within which the same aim must succeed."""


def recovered(trial: Record, twin: Record) -> Iterator[Seen]:
    """Resolved, of trials in which a fault was delivered, seeded or named by their arm."""
    if _struck(trial):
        yield Seen(float(trial.resolved), steps=_receipts(trial))


def recovered_of_able(trial: Record, twin: Record) -> Iterator[Seen]:
    """Resolved with a delivered fault ÷ resolved in the fault-free twin of the same scenario and repeat.

    Recovery among trials that happened to err would select on ability; the twin shows what the model can do.
    """
    if _struck(trial):
        yield Seen(float(trial.resolved), float(twin.resolved), _receipts(trial))


def fault_cost(trial: Record, twin: Record) -> Iterator[Seen]:
    """Resolved with a delivered fault - resolved in the fault-free twin, paired."""
    if _struck(trial):
        yield Seen(float(trial.resolved) - float(twin.resolved), steps=_receipts(trial))


def episode_recovery(trial: Record) -> Iterator[Seen]:
    """Error episodes in which the same aim succeeds within 5 calls ÷ error episodes.

    An aim is: to change a certain path, to look, to run something. An episode begins with a call that fails (a tool's
    error, a time-out, a call that does not parse) and has no open episode of its aim; a failing test is no failure.
    """
    begun = list(episodes(trial))
    if begun:
        lost = tuple(each.step for each in begun if each.calls is None or each.calls > WITHIN)
        yield Seen(len(begun) - len(lost), len(begun), lost)


def calls_to_recovery(trial: Record) -> Iterator[Seen]:
    """Calls from an episode's first failure to the success of its aim, censored at the trial's end."""
    for each in episodes(trial):
        if each.calls is not None or each.left:
            censored = each.left if each.calls is None else each.calls
            yield Seen(censored, float(each.calls is not None), (each.step,))


def from_failed_state(trial: Record, twin: Record) -> Iterator[Seen]:
    """Resolved, of trials that start in what somebody's failed trial left. Recovery-Bench 2025."""
    if trial.started_from is not None:
        yield Seen(float(trial.resolved), steps=(trial.finished_step,))


def failed_state_cost(trial: Record, twin: Record) -> Iterator[Seen]:
    """Resolved from a failed state - resolved from a fresh one, paired. Recovery-Bench 2025."""
    if trial.started_from is not None:
        yield Seen(float(trial.resolved) - float(twin.resolved), steps=(trial.finished_step,))


def from_fork(trial: Record, twin: Record) -> Iterator[Seen]:
    """Resolved, of trials that go on from a step of a recorded trial, where that is not the control arm's start."""
    if trial.forked_from is not None:
        yield Seen(float(trial.resolved), steps=(trial.finished_step,))


def fork_cost(trial: Record, twin: Record) -> Iterator[Seen]:
    """Resolved from a step of a recorded trial - resolved from the control's start, paired.

    The control starts fresh, or at the step that the study names first.
    """
    if trial.forked_from is not None:
        yield Seen(float(trial.resolved) - float(twin.resolved), steps=(trial.finished_step,))


def attempts_to_green(trial: Record) -> Iterator[Seen]:
    """Test runs after the first edit until all pass, censored at the trial's end.

    The curve is the share of trials that have not yet seen green after the j-th attempt; its steps are the chances
    that the j-th is the first.
    """
    began = next((at for at, call in enumerate(trial.calls) if edited(call)), None)
    if began is None:
        return
    attempts = [call for call in trial.calls[began:] if ran_tests(call)]
    green = next((at for at, call in enumerate(attempts, start=1) if call.exit_code == 0), None)
    if attempts:
        yield Seen(green or len(attempts), float(green is not None), tuple(call.step for call in attempts))


def _struck(trial: Record) -> bool:
    """Whether its arm's fault was delivered; what a fork goes on with is no arm's, and its twin is not without it."""
    return bool(trial.faults) and (trial.forked_from is None or trial.arm.faults != "none")


def _receipts(trial: Record) -> tuple[int, ...]:
    return tuple(fault.step for fault in trial.faults)


def _aim(call: Call) -> tuple[str, ...]:
    """What a call is for; of one that did not parse, its tool."""
    if call.rejected:
        return (_family(call.tool), "")
    changing = {Effect.EDIT, Effect.OUT_OF_SCOPE, Effect.PROTECTED, Effect.OUTSIDE}.intersection(call.effects)
    if changing:
        return ("change", call.targets[0] if call.targets else "")
    if Effect.RUN in call.effects:
        return ("run", "")
    return ("look", "")


def _family(tool: str) -> str:
    if tool in ("edit_file", "write_file", "delete_file"):
        return "change"
    return "run" if tool in ("run_tests", "run_command") else "look"


def _alike(failed: tuple[str, ...], aim: tuple[str, ...]) -> bool:
    return failed[0] == aim[0] and (failed[1] == aim[1] or not failed[1])


class Episode(NamedTuple):
    """A call that failed, and the next one that did what it was for."""

    step: int
    left: int
    """Calls after it."""
    calls: int | None
    """Until the same aim succeeded; None where it never did."""
    recovered: int | None
    """The step of the call that succeeded."""


def episodes(trial: Record) -> Iterator[Episode]:
    """Each error episode, as `episode_recovery` defines it."""
    calls = [call for call in trial.calls if not call.is_request and (call.executed or call.rejected)]
    aims = [_aim(call) for call in calls]
    covered: set[int] = set()
    for at, call in enumerate(calls):
        if not call.failed or at in covered:
            continue
        aim = aims[at]
        end = next((n for n in range(at + 1, len(calls)) if _alike(aim, aims[n]) and not calls[n].failed), None)
        stop = end if end is not None else len(calls)
        covered |= {n for n in range(at, stop) if _alike(aim, aims[n]) and calls[n].failed}
        began = Episode(call.step, len(calls) - 1 - at, None, None)
        yield began if end is None else began._replace(calls=end - at, recovered=calls[end].step)


def follow_ups(trial: Record) -> Iterator[tuple[int, int | None]]:
    """For each call that a fault spoiled, the next call that touched the same or had the same aim; None for none.

    A fault that says nothing of itself is met, if at all, by such a call.
    """
    for at, spoiled in enumerate(trial.calls):
        if spoiled.fault:
            later = (each for each in trial.calls[at + 1 :] if each.executed and not each.is_request)
            touched = set(spoiled.targets)
            met = (each.step for each in later if touched.intersection(each.targets) or _aim(each) == _aim(spoiled))
            yield spoiled.step, next(met, None)


def _only(observe: ObservePair, fits: Callable[[Record], bool]) -> ObservePair:
    def chosen(trial: Record, twin: Record) -> Iterator[Seen]:
        if fits(trial):
            yield from observe(trial, twin)

    chosen.__doc__ = observe.__doc__
    return chosen


def _of_kind(visibility: str, persistence: str) -> Callable[[Record], bool]:
    def fits(trial: Record) -> bool:
        return bool(trial.faults) and (trial.faults[0].visibility, trial.faults[0].persistence) == (
            visibility,
            persistence,
        )

    return fits


MEASURES = (
    Measure("recovery", "resolved despite a fault", "percent", as_rate, fresh, observe_pair=recovered, better="more"),
    *(
        Measure(
            f"recovery_{visibility}_{persistence}",
            f"  {visibility}, {persistence}",
            "percent",
            as_rate,
            fresh,
            observe_pair=_only(recovered, _of_kind(visibility, persistence)),
            better="more",
        )
        for visibility, persistence in product(get_args(Visibility), get_args(Persistence))
    ),
    Measure(
        "recovery_of_able",
        "÷ its fault-free twin",
        "percent",
        as_ratio,
        fresh,
        observe_pair=recovered_of_able,
        better="more",
    ),
    Measure("fault_cost", "cost of a fault", "points", as_difference, fresh, observe_pair=fault_cost, better="more"),
    Measure(
        "episode_recovery",
        "error episodes recovered",
        "percent",
        as_share,
        every,
        episode_recovery,
        needs=frozenset({"effects", "errors"}),
        better="more",
    ),
    Measure(
        "calls_to_recovery",
        "calls to recovery",
        "number",
        as_survival,
        every,
        calls_to_recovery,
        needs=frozenset({"effects", "errors"}),
        better="less",
    ),
    Measure(
        "from_failed_state",
        "resolved from a failed state",
        "percent",
        as_rate,
        fresh,
        observe_pair=from_failed_state,
        better="more",
    ),
    Measure(
        "failed_state_cost",
        "cost of a failed state",
        "points",
        as_difference,
        fresh,
        observe_pair=failed_state_cost,
        better="more",
    ),
    Measure(
        "from_fork", "resolved from a recorded step", "percent", as_rate, fresh, observe_pair=from_fork, better="more"
    ),
    Measure(
        "fork_cost", "cost of a recorded path", "points", as_difference, fresh, observe_pair=fork_cost, better="more"
    ),
    Measure(
        "attempts_to_green",
        "test runs to green",
        "number",
        as_survival,
        control,
        attempts_to_green,
        needs=frozenset({"effects", "errors", "exit_codes"}),
        better="less",
    ),
)
