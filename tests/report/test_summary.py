"""From results to profiles: every measure by hand, and nothing blamed on a model that is not its own."""

from __future__ import annotations

import itertools

import pytest

from runner.report.summary import Profile, profiles
from runner.results import COUNTED, Counts, Times, TrialKey, TrialResult, Verdict
from runner.statistics.bootstrap import median, ratio, share
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
) -> TrialResult:
    key = TrialKey(scenario=scenario, model=model, repeat=repeat)
    return TrialResult(key=key, verdict=verdict, counts=counts, times=times, cost_usd=usd)


def profile(*results: TrialResult) -> Profile:
    (found,) = profiles(results).values()
    return found


def test_no_results_have_no_profiles() -> None:
    assert profiles([]) == {}


def test_models_come_in_the_order_in_which_they_first_occur_and_do_not_mix() -> None:
    found = profiles([trial("a", model="z"), trial("a", "unresolved", model="b"), trial("b", model="z")])
    assert list(found) == ["z", "b"]
    assert (found["z"].trials, found["b"].trials) == (2, 1)
    assert found["z"].verdicts == {"resolved": 2}
    assert found["b"].measures["resolved"].n == 1


def test_what_lost_attempts_cost_is_part_of_a_trials_cost() -> None:
    lost = trial("a", usd=0.03).model_copy(update={"earlier_usd": 0.25})
    found = profile(lost, trial("b", usd=0.02))
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
    plain, mixed = profile(*honest), profile(*honest, *failed)
    assert mixed.measures == plain.measures
    assert plain.bounds is None
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


RESULTS = [
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
    found = profile(*RESULTS).measures[measure]
    assert found.value == pytest.approx(value)
    assert found.low is not None and found.high is not None
    assert found.low <= value <= found.high


def test_each_measure_has_the_estimator_that_the_catalogue_names() -> None:
    found = profile(*RESULTS).measures
    assert found["resolved"] == rate([[1, 0], [1], [0]])
    assert found["invalid_calls"] == share([4, 0, 0], [20, 20, 0])
    assert found["cost_usd_per_trial"] == ratio([0.4, 0.6, 0.2], [2, 1, 1])
    assert found["turns"] == median([5, 10, 1])
    assert {name for name, estimate in found.items() if estimate.n != 3} <= {
        "invalid_calls",
        "forbidden_calls",
        "approvals_granted",
    }


def test_a_cost_per_resolved_where_none_is_has_a_reason() -> None:
    found = profile(trial("a", "unresolved", usd=1), trial("b", "unresolved", usd=1)).measures
    assert found["cost_usd_per_resolved"].value is None
    assert found["cost_usd_per_resolved"].reason == "nothing to divide by"
    assert found["cost_usd_per_trial"].value == 1


def test_a_cost_per_resolved_where_few_are_has_a_reason() -> None:
    """Two of three scenarios: in 1/27 of the resamples none is resolved, which is more than the upper tail."""
    found = profile(*RESULTS).measures["cost_usd_per_resolved"]
    assert (found.value, found.low, found.high, found.n) == (None, None, None, 3)
    assert found.reason == "too few resolved to bound it"


def test_a_cost_per_resolved_by_hand() -> None:
    found = profile(*(trial(f"s{n}", "resolved" if n else "unresolved", usd=n + 1) for n in range(5)))
    estimate = found.measures["cost_usd_per_resolved"]
    assert estimate == ratio([1, 2, 3, 4, 5], [0, 1, 1, 1, 1])
    assert estimate.value == pytest.approx(15 / 4)
    assert estimate.low is not None and estimate.high is not None
    assert estimate.low <= 15 / 4 <= estimate.high


def test_a_profile_survives_json() -> None:
    found = profile(*RESULTS, trial("d", "infra_error"))
    assert Profile.model_validate_json(found.model_dump_json()) == found
