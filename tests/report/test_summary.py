"""From results to profiles: every measure by hand, and nothing blamed on a model that is not its own."""

from __future__ import annotations

import itertools

import pytest

from runner.approvals import Decision, Outcome
from runner.events.endings import TrialFinished
from runner.measures.catalogue import MEASURES
from runner.measures.record import Call, Record, record
from runner.report.summary import Profile, pareto, profiles
from runner.results import COUNTED, Counts, Times, TrialKey, TrialResult, Verdict
from runner.statistics.bootstrap import median, ratio, share
from runner.statistics.estimate import Estimate
from runner.statistics.rates import rate

OPEN: list[Verdict] = ["infra_error", "invalid_scenario"]


def trial(
    scenario: str,
    verdict: Verdict = "resolved",
    repeat: int = 1,
    model: str = "m",
    counts: Counts = Counts(),  # noqa: B008
    times: Times = Times(),  # noqa: B008
    usd: float = 0.0,
    arm: str = "control",
) -> Record:
    """A trial with as many calls of each kind as `counts` says."""
    key = TrialKey(scenario=scenario, model=model, repeat=repeat, arm=arm)
    calls = [Call(step, "run_command", executed=True, digest=str(step)) for step in range(counts.calls)]
    for call in calls[: counts.invalid]:
        call.executed, call.rejected = False, "schema"
    for call in calls[len(calls) - counts.forbidden :] if counts.forbidden else []:
        call.executed, call.ruling = False, "deny"
    outcomes: list[Outcome] = ["approve"] * counts.approved + ["deny"] * counts.denied
    for call, outcome in zip(calls[counts.invalid :], outcomes, strict=False):
        call.decision = Decision(outcome=outcome, approver="test")
    return Record(key, verdict=verdict, calls=calls, turns=counts.turns, times=times, cost_usd=usd, finished_step=99)


def profile(*trials: Record) -> Profile:
    (found,) = profiles(trials).values()
    return found


def plain(estimate: Estimate) -> Estimate:
    """A finding without the way back to its trials."""
    return Estimate(**{name: getattr(estimate, name) for name in Estimate.model_fields})


def test_no_results_have_no_profiles() -> None:
    assert profiles([]) == {}


def test_models_come_in_the_order_in_which_they_first_occur_and_do_not_mix() -> None:
    found = profiles([trial("a", model="z"), trial("a", "unresolved", model="b"), trial("b", model="z")])
    assert list(found) == ["z", "b"]
    assert (found["z"].trials, found["b"].trials) == (2, 1)
    assert found["z"].verdicts == {"resolved": 2}
    assert found["b"].measures["resolved"].n == 1


def test_what_lost_attempts_cost_is_part_of_a_trials_cost() -> None:
    """From the transcript, and from a result alone."""
    key = TrialKey(scenario="a", model="m", repeat=1)
    result = TrialResult(key=key, verdict="resolved", cost_usd=0.03, earlier_usd=0.25)
    ended = TrialFinished(step=1, verdict="resolved", times=Times(total=1), earlier_usd=0.28)
    for lost in (record(key, (), result), record(key, [ended])):
        assert lost.cost_usd == pytest.approx(0.28)
    found = profile(record(key, (), result), trial("b", usd=0.02))
    assert found.measures["cost_usd_per_trial"].value == pytest.approx(0.15)


def test_every_verdict_but_the_harnesss_own_counts() -> None:
    counted: list[Verdict] = ["resolved", "unresolved", "agent_limit", "tampered"]
    assert COUNTED.isdisjoint(OPEN)
    found = profile(*(trial(f"s{n}", verdict) for n, verdict in enumerate(counted)))
    assert (found.measures["resolved"].value, found.measures["resolved"].n) == (0.25, 4)
    assert found.bounds is None


@pytest.mark.parametrize("verdict", OPEN)
def test_what_is_not_the_models_fault_changes_no_measure_but_shows_its_bounds(verdict: Verdict) -> None:
    heavy = Counts(turns=99, calls=99, invalid=99, asked=9, approved=0, forbidden=99)
    honest = [trial("a"), trial("b", "unresolved"), trial("c")]
    failed = [
        trial("a", verdict, 2, counts=heavy, times=Times(total=1e6, model=1e6), usd=1e6),
        trial("d", verdict, counts=heavy, usd=1e6),
    ]
    alone, mixed = profile(*honest), profile(*honest, *failed)
    assert mixed.measures == alone.measures
    assert alone.bounds is None
    assert mixed.bounds == pytest.approx(((1 / 2 + 0 + 1 + 0) / 4, (1 + 0 + 1 + 1) / 4)), "over scenarios, as the rate"
    assert mixed.trials == 5
    assert mixed.verdicts == {verdict: 2, "resolved": 2, "unresolved": 1}


def test_a_model_of_which_nothing_counts_has_reasons_and_the_widest_bounds() -> None:
    found = profile(*(trial(f"s{n}", verdict) for n, verdict in enumerate(OPEN)))
    assert found.bounds == (0.0, 1.0)
    assert all(estimate.value is None and estimate.reason for estimate in found.measures.values())


@pytest.mark.parametrize("repeats", [1, 2, 3])
def test_the_bounds_hold_the_rate_in_every_complete_run(repeats: int) -> None:
    """Three scenarios, every combination of verdicts (for one and two repeats)."""
    kinds: list[Verdict] = ["resolved", "unresolved", "infra_error"]
    combinations = list(itertools.product(kinds, repeat=3 * repeats))
    for verdicts in combinations[:: max(1, len(combinations) // 700)]:
        found = profile(*(trial(f"s{n % 3}", each, n // 3 + 1) for n, each in enumerate(verdicts)))
        value = found.measures["resolved"].value
        if found.bounds is not None and value is not None:
            assert found.bounds[0] - 1e-9 <= value <= found.bounds[1] + 1e-9, verdicts


def test_the_bounds_hold_the_rate_in_a_run_that_was_interrupted() -> None:
    """Scenario a was tried once and resolved; b four times in vain and once not at all: the rate is 1/2."""
    found = profile(trial("a"), *(trial("b", "unresolved", n) for n in range(1, 5)), trial("b", "infra_error", 5))
    assert found.measures["resolved"].value == 0.5
    assert found.bounds is not None
    assert found.bounds[0] <= 0.5 <= found.bounds[1]


def trials_of_three() -> list[Record]:
    return [
        trial(
            "a",
            "resolved",
            1,
            counts=Counts(turns=4, calls=10, invalid=1, asked=2, approved=2, forbidden=0),
            times=Times(model=1, tool=2, approval=3, sandbox=4, grading=5, total=15),
            usd=0.10,
        ),
        trial(
            "a",
            "unresolved",
            2,
            counts=Counts(turns=6, calls=10, invalid=3, asked=0, approved=0, forbidden=2),
            times=Times(model=3, tool=4, approval=5, sandbox=6, grading=7, total=25),
            usd=0.30,
        ),
        trial(
            "b",
            "resolved",
            1,
            counts=Counts(turns=10, calls=20, invalid=0, asked=2, approved=1, denied=1, forbidden=2),
            times=Times(model=10, tool=20, approval=30, sandbox=40, grading=50, total=150),
            usd=0.60,
        ),
        trial("c", "tampered", counts=Counts(turns=1), times=Times(total=1), usd=0.20),
    ]


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        ("resolved", (1 / 2 + 1 + 0) / 3),
        ("invalid_calls", 4 / 40),
        ("forbidden_calls", 4 / 40),
        ("approvals_asked", 4 / 4),
        ("approvals_granted", 3 / 4),
        ("cost_usd_per_trial", 1.20 / 4),
        ("turns", 5),
        ("seconds_total", 20),
        ("seconds_model", 2),
        ("seconds_tool", 3),
        ("seconds_approval", 4),
        ("seconds_sandbox", 5),
        ("seconds_grading", 6),
    ],
)
def test_a_measure_by_hand(measure: str, value: float) -> None:
    found = profile(*trials_of_three()).measures[measure]
    assert found.value == pytest.approx(value)
    assert found.low is not None and found.high is not None
    assert found.low <= value <= found.high


def test_each_measure_has_the_estimator_that_the_catalogue_names() -> None:
    found = {name: plain(finding) for name, finding in profile(*trials_of_three()).measures.items()}
    assert found["resolved"] == rate([[1, 0], [1], [0]])
    assert found["invalid_calls"] == share([4, 0, 0], [20, 20, 0])
    assert found["cost_usd_per_trial"] == ratio([0.4, 0.6, 0.2], [2, 1, 1])
    assert found["turns"] == median([5, 10, 1])
    shares = {"invalid_calls", "forbidden_calls", "redundant_calls", "approvals_granted", "seconds_to_decide"}
    assert {name for name, estimate in found.items() if estimate.n == 2} == shares, (
        "c made no call, and nobody decided one"
    )
    assert {estimate.n for estimate in found.values() if estimate.value is not None} == {2, 3}
    assert list(found) == list(MEASURES)


def test_a_cost_per_resolved_where_none_is_has_a_reason() -> None:
    found = profile(trial("a", "unresolved", usd=1), trial("b", "unresolved", usd=1)).measures
    assert found["cost_usd_per_resolved"].value is None
    assert found["cost_usd_per_resolved"].reason == "nothing to divide by"
    assert found["cost_usd_per_trial"].value == 1


def test_a_cost_per_resolved_where_few_are_has_a_reason() -> None:
    """Two of three scenarios: in 1/27 of the resamples none is resolved, which is more than the upper tail."""
    found = profile(*trials_of_three()).measures["cost_usd_per_resolved"]
    assert (found.value, found.low, found.high, found.n) == (None, None, None, 3)
    assert found.reason == "too little to divide by"


def test_a_cost_per_resolved_by_hand() -> None:
    found = profile(*(trial(f"s{n}", "resolved" if n else "unresolved", usd=n + 1) for n in range(5)))
    estimate = found.measures["cost_usd_per_resolved"]
    assert plain(estimate) == ratio([1, 2, 3, 4, 5], [0, 1, 1, 1, 1])
    assert estimate.value == pytest.approx(15 / 4)
    assert estimate.low is not None and estimate.high is not None
    assert estimate.low <= 15 / 4 <= estimate.high


def test_a_profile_survives_json() -> None:
    found = profile(*trials_of_three(), trial("d", "infra_error"))
    assert Profile.model_validate_json(found.model_dump_json()) == found


def test_other_arms_are_counted_apart_and_change_no_bounds() -> None:
    found = profile(trial("a"), trial("b"), trial("a", "infra_error", arm="faults_seeded"))
    assert (found.trials, found.verdicts, found.bounds) == (3, {"resolved": 2}, None)
    assert found.arms == {"control": {"resolved": 2}, "faults_seeded": {"infra_error": 1}}


def test_the_pareto_front_holds_whom_nobody_beats_in_both() -> None:
    """A is best, B cheapest; C is beaten by B in both, D is as good as B and dearer; of E nothing counts."""
    plan = {"A": (3, 5.0), "B": (2, 1.0), "C": (1, 2.0), "D": (2, 1.5)}
    trials = [
        trial(f"s{n}", "resolved" if n < good else "unresolved", model=model, usd=usd)
        for model, (good, usd) in plan.items()
        for n in range(4)
    ]
    found = profiles([*trials, trial("s0", "infra_error", model="E")])
    assert pareto(found) == ["A", "B"]
    assert pareto(profiles([trial(f"s{n}", model=model, usd=1) for n in range(2) for model in "xy"])) == ["x", "y"]
