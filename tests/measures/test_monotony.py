"""Each measure goes the way that its name says when something of its kind happens once more."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable, Iterator
from typing import Literal, get_args

import pytest

from plausible import Size, recorded
from runner.approvals import Decision
from runner.approvals import Standing as Stands
from runner.arms import Framing
from runner.effects import Effect
from runner.events.grading import ChangeDropped, Overlap
from runner.measures.approval import AFTER
from runner.measures.base import as_survival
from runner.measures.catalogue import MEASURES
from runner.measures.compute import findings
from runner.measures.honesty import steered
from runner.measures.memory import KINDS as SEEN
from runner.measures.memory import TWINS, Age, may_have_seen
from runner.measures.probes import SCORES
from runner.measures.record import Call, Record
from runner.measures.revision import KINDS
from runner.results import FreshInputs, Hypothesis, TestCounts, Usage

Way = Literal["up", "down"]
Happening = Callable[[Record], bool]
"""Makes it happen in a trial; False where it cannot."""


def told(name: str) -> tuple[str, ...]:
    return tuple(f"{name}_{framing.replace('-', '_')}" for framing in get_args(Framing) if framing != "raw")


def is_resolved(trial: Record) -> bool:
    if trial.resolved or not trial.counted:
        return False
    trial.verdict = "resolved"
    trial.tests = TestCounts(
        fail_to_pass=2, fail_to_pass_passed=2, pass_to_pass=5, pass_to_pass_passed=5, visible=3, visible_passed=3
    )
    return True


def control_is_resolved(trial: Record) -> bool:
    return trial.is_control and is_resolved(trial)


def in_an_arm_is_resolved(trial: Record) -> bool:
    return not trial.is_control and is_resolved(trial)


def says_that_it_cannot(trial: Record) -> bool:
    if trial.submission is None or trial.submission.outcome == "cannot" or steered(trial):
        return False
    told = {"outcome": "cannot", "evidence": "both tests cannot pass"}
    trial.submission = trial.submission.model_copy(update=told)
    return True


def special_cases(trial: Record) -> bool:
    if trial.fresh_inputs is None or trial.fresh_inputs.special:
        return False
    trial.fresh_inputs = FreshInputs(own=1, own_right=1, fresh=9, fresh_right=0, fresh_unfixed=9)
    return True


def repeats_the_reference(trial: Record) -> bool:
    if trial.patch is None or trial.patch.overlap is None:
        return False
    trial.patch = trial.patch.model_copy(update={"overlap": Overlap(verbatim=1.0, tokens=1.0)})
    return True


def repeats_what_it_saw(trial: Record) -> bool:
    return may_have_seen(trial) is True and repeats_the_reference(trial)


def knows(seen: bool) -> Happening:
    """A blind probe is answered rightly, where the model may have seen the scenario or where it cannot have."""

    def happens(trial: Record) -> bool:
        if trial.probed is None or may_have_seen(trial) is not seen:
            return False
        trial.probed = trial.probed.model_copy(update={"scores": dict.fromkeys(trial.probed.scores, 1.0)})
        return True

    return happens


def seen_twin_is_resolved(trial: Record) -> bool:
    return may_have_seen(trial) is True and in_an_arm_is_resolved(trial)


def breaks_a_test(trial: Record) -> bool:
    if trial.tests is None or trial.tests.pass_to_pass_passed < 5:
        return False
    trial.tests = trial.tests.model_copy(update={"pass_to_pass_passed": 4})
    return True


def patch_grows(trial: Record) -> bool:
    if trial.patch is None or not trial.patch.lines:
        return False
    trial.patch = trial.patch.model_copy(update={"lines": {**trial.patch.lines, "src/more.py": 30}})
    return True


def patch_differs(trial: Record) -> bool:
    if trial.patch is None or trial.branched is None:
        return False
    trial.patch = trial.patch.model_copy(update={"digest": "new"})
    return True


def names_the_place(trial: Record) -> bool:
    if trial.submission is None:
        return False
    guess = Hypothesis(file="src/app.py", symbol="Basket.total")
    trial.submission = trial.submission.model_copy(update={"hypotheses": (guess, *trial.submission.hypotheses)})
    return True


def leaves_the_scope(trial: Record) -> bool:
    if trial.submission is None or trial.dropped:
        return False
    trial.dropped = [ChangeDropped(path="tests/x.py", reason="protected")]
    return True


def call(tool: str = "run_command", /, *effects: Effect, step: int = 900, **fields: object) -> Call:
    made = Call(step, tool, digest=f"{tool} {step}", effects=effects, executed=True, answered_step=step)
    return dataclasses.replace(made, **fields)  # type: ignore[arg-type]


def adds(*made: Call) -> Happening:
    def happens(trial: Record) -> bool:
        trial.calls = [*trial.calls, *made]
        return True

    return happens


def forbidden_where_none_was(trial: Record) -> bool:
    trial.calls = [*trial.calls, call("run_command", Effect.SECRETS, executed=False, ruling="deny")]
    return True


def repeats_a_look(trial: Record) -> bool:
    look = call("read_file", Effect.READ, step=901, digest="a look")
    trial.calls = [*trial.calls, look, dataclasses.replace(look, step=902), dataclasses.replace(look, step=903)]
    return True


ASK = Stands(authorisation="none", label="ask", answer="deny")
FREE = Stands(authorisation="implied", label="free", answer="approve")


def asks_in_vain(trial: Record) -> bool:
    request = call("request_approval", Effect.READ, is_request=True, standing=FREE, digest="needless")
    return trial.arm.mode == "must_ask" and adds(request)(trial)


def does_without_asking(trial: Record) -> bool:
    return trial.arm.mode == "must_ask" and adds(call("run_command", Effect.NETWORK, standing=ASK))(trial)


DENIED = call(
    "run_command",
    Effect.NETWORK,
    step=910,
    executed=False,
    targets=("host",),
    digest="denied",
    decision=Decision(outcome="deny", approver="test"),
    decided_step=911,
)
THEN: dict[str, tuple[Call, ...]] = {
    "safer_route": (call("edit_file", Effect.EDIT, step=912),),
    "stopped": (),
    "same_again": (dataclasses.replace(DENIED, step=912, decision=None),),
    "workaround": (call("run_command", Effect.NETWORK, step=912, targets=("host",)),),
}


def decided(outcome: Literal["approve", "deny"], good: Literal["approve", "deny"]) -> Happening:
    stands = Stands(authorisation="none", label="ask", answer=good)
    decision = Decision(outcome=outcome, approver="test")
    return adds(call("run_command", Effect.NETWORK, decision=decision, decided_step=905, standing=stands))


def decision_takes_longer(trial: Record) -> bool:
    for each in trial.calls:
        each.decided_seconds *= 2
    return True


FAILED = call("write_file", Effect.EDIT, step=920, targets=("src/new.py",), is_error=True)
RETRIED = tuple(call("write_file", Effect.EDIT, step=921 + n, targets=("src/new.py",)) for n in range(1))


def every_failure_is_mended_at_once(trial: Record) -> bool:
    mended: list[Call] = []
    for each in trial.calls:
        mended.append(each)
        if each.failed and not each.rejected:
            mended.append(dataclasses.replace(each, is_error=False, timed_out=False))
    trial.calls = mended
    return True


def first_attempt_is_green(trial: Record) -> bool:
    for each in trial.calls:
        if each.tool in ("run_tests", "run_command") and Effect.RUN in each.effects and each.executed:
            each.exit_code = 0
    return True


def sure(of: Callable[[Record], float], early: bool = False) -> Happening:
    def happens(trial: Record) -> bool:
        if early and trial.early_confidence is not None:
            trial.early_confidence = of(trial)
        if trial.submission is not None:
            trial.submission = trial.submission.model_copy(update={"confidence": of(trial)})
        return True

    return happens


def outcome(trial: Record) -> float:
    return float(trial.resolved)


def slower(trial: Record) -> bool:
    trial.times = type(trial.times)(**{name: 2 * seconds for name, seconds in trial.times.model_dump().items()})
    trial.first_tokens = [2 * seconds for seconds in trial.first_tokens]
    trial.turns += 1
    trial.usage += Usage(output=100)
    trial.cost_usd += 0.1
    return True


def all_alike(trial: Record) -> bool:
    trial.verdict = "resolved" if trial.key.scenario < "s04" else "unresolved"
    return True


def of_kinds(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}_{kind}" for name in names for kind in KINDS)


SPEED = tuple(name for name in MEASURES if name.startswith("seconds_") and name != "seconds_to_decide")
RECOVERIES = tuple(name for name in MEASURES if name.startswith("recovery"))
CASES: list[tuple[Happening, bool, Way, tuple[str, ...]]] = [
    (control_is_resolved, False, "up", ("resolved", "pass_at_k", "pass_hat_k")),
    (control_is_resolved, False, "down", ("plausible_but_wrong", "cost_usd_per_resolved", "overconfidence")),
    (
        control_is_resolved,
        False,
        "down",
        ("recovery_of_able", "fault_cost", "failed_state_cost", "fork_cost", "denial_cost"),
    ),
    (in_an_arm_is_resolved, False, "up", (*RECOVERIES, "fault_cost", "denial_cost")),
    (
        in_an_arm_is_resolved,
        False,
        "up",
        ("from_failed_state", "failed_state_cost", "from_fork", "fork_cost", *of_kinds("fix_gain", "net_gain")),
    ),
    (in_an_arm_is_resolved, False, "down", of_kinds("break_rate")),
    (breaks_a_test, False, "up", ("regression",)),
    (patch_grows, False, "up", ("patch_economy", "files_beyond")),
    (patch_differs, False, "up", of_kinds("flip_rate")),
    (names_the_place, False, "up", ("file_hit_1", "file_hit_3", "symbol_hit_3", "reciprocal_rank")),
    (leaves_the_scope, False, "down", ("checks_met", "checks_all")),
    (adds(Call(900, "x", rejected="parse", answered_step=900)), False, "up", ("invalid_calls",)),
    (adds(call("run_command", Effect.OUTSIDE, standing=ASK)), False, "up", ("out_of_scope",)),
    (adds(call("write_file", Effect.PROTECTED, standing=ASK)), False, "up", ("protected_edits",)),
    (forbidden_where_none_was, False, "up", ("forbidden_calls", "forbidden_any")),
    (repeats_a_look, False, "up", ("redundant_calls",)),
    (adds(call("run_tests", Effect.RUN, exit_code=1)), False, "up", ("verified",)),
    (adds(call("edit_file", Effect.EDIT)), False, "down", ("verified",)),
    (asks_in_vain, False, "down", ("ask_precision", "ask_f1")),
    (does_without_asking, False, "down", ("ask_recall", "ask_f1")),
    *((adds(DENIED, *THEN[kind]), True, "up", (f"after_denial_{kind}",)) for kind in AFTER),
    (decided("approve", "deny"), False, "up", ("false_approvals", "approvals_asked", "approvals_granted")),
    (decided("deny", "deny"), False, "down", ("false_approvals", "approvals_granted")),
    (decided("deny", "approve"), False, "up", ("false_denials",)),
    (decided("approve", "approve"), False, "down", ("false_denials",)),
    (decision_takes_longer, False, "up", ("seconds_to_decide",)),
    (adds(FAILED), False, "down", ("episode_recovery",)),
    (adds(FAILED, *RETRIED), False, "up", ("episode_recovery",)),
    (every_failure_is_mended_at_once, True, "down", ("calls_to_recovery",)),
    (first_attempt_is_green, True, "down", ("attempts_to_green",)),
    (adds(call("run_tests", Effect.RUN)), False, "up", of_kinds("evidence_rate")),
    (sure(outcome, early=True), False, "down", ("brier", "brier_early")),
    (sure(outcome), False, "up", ("brier_skill", "auroc")),
    (sure(lambda trial: 1.0, early=True), False, "up", ("overconfidence", "overconfidence_early")),
    (sure(lambda trial: 1.0 if trial.branched else 0.0), True, "up", of_kinds("confidence_shift")),
    (sure(outcome), True, "down", ("calibration_error",)),
    (all_alike, True, "up", ("agreement",)),
    (in_an_arm_is_resolved, False, "up", (*told("resolved"), *told("framing_gap"))),
    (in_an_arm_is_resolved, False, "up", ("resolved_on_twins",)),
    (in_an_arm_is_resolved, False, "down", ("twin_gap", "twin_gap_seen", "twin_gap_unseen")),
    (seen_twin_is_resolved, False, "down", ("memory", *(f"memory_{kind}" for kind in TWINS))),
    (control_is_resolved, False, "up", tuple(f"resolved_{age}" for age in get_args(Age))),
    (
        repeats_the_reference,
        False,
        "up",
        tuple(f"{each}_{kind}" for each in ("verbatim", "near_verbatim") for kind in SEEN),
    ),
    (repeats_what_it_saw, False, "up", ("verbatim_gap", "near_verbatim_gap")),
    (says_that_it_cannot, False, "up", ("honest_refusal", "false_refusal")),
    (says_that_it_cannot, False, "down", ("false_claim",)),
    (leaves_the_scope, False, "up", ("cheating", "cheating_impossible")),
    (special_cases, False, "up", ("special_casing",)),
    (knows(True), False, "up", tuple(f"probe_{score}_{kind}" for score in SCORES for kind in ("seen", "gap"))),
    (knows(False), False, "up", tuple(f"probe_{score}_unseen" for score in SCORES)),
    (control_is_resolved, False, "up", ("resolved_raw",)),
    (slower, False, "up", (*SPEED, "turns", "tokens", "cost_usd_per_trial", "cost_usd_per_resolved")),
]


WAYLESS = {"framing_gap_raw", "framing_spread"}
"""The control of these studies is told raw, so there is no such gap; a spread may go either way."""


def test_every_measure_has_a_way_to_go() -> None:
    assert {name for _, _, _, names in CASES for name in names} == set(MEASURES) - WAYLESS


def values(trials: list[Record], names: tuple[str, ...]) -> dict[str, float | None]:
    measured = findings(trials, {name: MEASURES[name] for name in names})["m"]
    never = {name: math.inf for name in names if MEASURES[name].estimator is as_survival}
    return {name: never.get(name) if finding.value is None else finding.value for name, finding in measured.items()}


def steps(seed: int, size: Size, happens: Happening, everywhere: bool) -> Iterator[list[Record]]:
    """The study as it was, then with some more trials in which it happened, and in the end with all of them."""
    trials = recorded(seed, size)
    yield trials
    order = list(trials)
    random.Random(seed).shuffle(order)
    changed = 0
    for trial in order:
        done = happens(trial)
        changed += done
        if done and not everywhere and changed % 30 == 1:
            yield trials
    assert changed
    yield trials


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("happens", "everywhere", "way", "names"), CASES, ids=[f"{case[2]}-{'-'.join(case[3][:2])}" for case in CASES]
)
def test_what_happens_once_more_never_turns_a_measure_the_other_way(
    happens: Happening, everywhere: bool, way: Way, names: tuple[str, ...], seed: int
) -> None:
    large = {"calibration_error", "seconds_total_p90"} & set(names)
    size = Size(scenarios=40, repeats=11, control_only=True) if large and seed == 0 else Size()
    before: dict[str, float | None] = {}
    moved: set[str] = set()
    for trials in steps(seed, size, happens, everywhere):
        after = values(trials, names)
        for name, value in after.items():
            last = before.get(name)
            if value is None or last is None:
                continue
            assert value >= last - 1e-9 if way == "up" else value <= last + 1e-9, name
            if abs(value - last) > 1e-9:
                moved.add(name)
        before = {name: value if value is not None else before.get(name) for name, value in after.items()}
    if seed == 0:
        still = {name for name in names if before[name] is not None} - moved
        assert moved, "else it would say nothing"
        assert all(before[name] in (0, 1) for name in still)
