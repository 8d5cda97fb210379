"""What holds of every measure in the catalogue, whatever the trials: bounds, and what may not change a number."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from functools import cache

import pytest

from plausible import Size, probes, recorded, records, study
from runner.measures.catalogue import CATALOGUE, MEASURES
from runner.measures.compute import Finding, findings
from runner.measures.record import Record
from runner.report.summary import profiles
from runner.statistics.estimate import Estimate

pytestmark = pytest.mark.xdist_group("properties")  # they share what was found
SEEDS = range(3)
"""Studies: with them and the large one every measure has a number, and each more takes seconds."""
LARGE = Size(scenarios=40, repeats=11, control_only=True)
"""Enough for what is hidden in small studies: percentiles and calibration errors."""
SHARES = {"reciprocal_rank", "brier", "brier_early", "auroc", "calibration_error"}
"""Numbers that lie between 0 and 1."""
NO_SHARE = {"recovery_of_able"}
"""A percentage that may exceed 100: its twins may have worse luck."""


@cache
def found(seed: int, size: Size = Size()) -> dict[str, Finding]:  # noqa: B008
    return findings(recorded(seed, size))["m"]


def numbers(finding: Finding) -> Estimate:
    return Estimate(**{name: getattr(finding, name) for name in Estimate.model_fields})


def test_every_measure_has_a_number_in_one_of_the_studies() -> None:
    """Else what follows would hold of nothing."""
    every = [found(seed) for seed in SEEDS] + [found(0, LARGE)]
    idle = [name for name in MEASURES if all(each[name].value is None for each in every)]
    assert idle == ["framing_gap_raw"], "the control of these studies is told raw"


def test_no_two_measures_share_a_name_or_a_dimensions_title() -> None:
    assert len(MEASURES) == sum(map(len, CATALOGUE.values()))
    for group in CATALOGUE.values():
        titles = [measure.title for measure in group]
        assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("measure", MEASURES.values(), ids=list(MEASURES))
def test_every_measure_says_what_it_is(measure: object) -> None:
    assert measure.doc and measure.estimator.__doc__ and measure.title  # type: ignore[attr-defined]
    assert (measure.observe is None) != (measure.observe_pair is None)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("seed", [*SEEDS, "large"])
def test_a_number_lies_within_its_interval_and_that_within_its_bounds(name: str, seed: int | str) -> None:
    finding = found(0, LARGE) if isinstance(seed, str) else found(seed)
    estimate, unit = finding[name], MEASURES[name].unit
    if estimate.value is None:
        assert estimate.reason
        assert estimate.low is estimate.high is estimate.p is None
    else:
        assert estimate.low is not None and estimate.high is not None
        assert estimate.low <= estimate.value <= estimate.high
        assert all(map(math.isfinite, (estimate.low, estimate.value, estimate.high)))
        assert 2 <= estimate.n <= (40 if isinstance(seed, str) else 8)
        assert estimate.n <= estimate.trials
        assert estimate.p is None or 0 < estimate.p <= 1
        if (unit == "percent" and name not in NO_SHARE) or name in SHARES:
            assert estimate.low >= 0 and estimate.high <= 1
        elif name.startswith("memory"):
            assert estimate.low >= -2 and estimate.high <= 2
        elif unit == "points":
            assert estimate.low >= -1 and estimate.high <= 1
        elif name == "brier_skill":
            assert estimate.high <= 1
        else:
            assert estimate.low >= 0
    for point in estimate.curve:
        assert all(math.isfinite(each) for each in (point.x, point.value) if each is not None)
        assert point.low is not None and point.high is not None
        assert 0 <= point.low <= point.value <= point.high <= 1
    assert (estimate.evidence != ()) <= (estimate.trials > 0)


def test_no_share_and_no_difference_is_given_without_a_doubt() -> None:
    for seed in SEEDS:
        for name, estimate in found(seed).items():
            if MEASURES[name].unit in ("percent", "points") and estimate.value is not None:
                assert estimate.low is not None and estimate.high is not None
                assert estimate.high - estimate.low > 0.01, name


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_trials_changes_no_number(seed: int) -> None:
    trials = study(seed)
    random.Random(seed).shuffle(trials)
    shuffled = findings(records(trials))["m"]
    for name, estimate in found(seed).items():
        assert shuffled[name].reason == estimate.reason
        assert (shuffled[name].n, shuffled[name].trials) == (estimate.n, estimate.trials)
        for part in ("value", "low", "high", "p"):
            assert getattr(shuffled[name], part) == pytest.approx(getattr(estimate, part), abs=1e-9), (name, part)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_second_run_over_the_same_records_finds_the_same(seed: int) -> None:
    assert findings(recorded(seed))["m"] == found(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trials_that_are_repeated_change_no_value(seed: int) -> None:
    """But those that ask how often all of k trials do something, for k is then larger."""
    trials = study(seed)
    again = [(key.model_copy(update={"repeat": key.repeat + 100}), events) for key, events in trials]
    twice = [*records(trials)]
    for key, trial in zip([key for key, _ in [*again, *probes(again)]], records(again), strict=True):
        trial.key = key
        twice.append(trial)
    doubled = findings(twice)["m"]
    for name, estimate in found(seed).items():
        if name in ("pass_at_k", "pass_hat_k", "agreement"):
            continue
        if estimate.value is not None:
            assert doubled[name].value == pytest.approx(estimate.value), name
            assert doubled[name].trials == 2 * estimate.trials
    first, second = found(seed)["pass_at_k"], doubled["pass_at_k"]
    assert first.curve[0].value == pytest.approx(second.curve[0].value)


@pytest.mark.parametrize("verdict", ["infra_error", "invalid_scenario"])
@pytest.mark.parametrize("seed", SEEDS)
def test_trials_that_say_nothing_of_the_model_change_nothing(seed: int, verdict: str) -> None:
    """Whatever happened in them, and also where they stand first."""
    lost = recorded(seed + 100)
    for trial in lost:
        trial.verdict = verdict  # type: ignore[assignment]
        trial.key = trial.key.model_copy(update={"repeat": trial.key.repeat + 50})
    assert findings([*lost, *recorded(seed)])["m"] == found(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_other_models_change_nothing(seed: int) -> None:
    both = findings(records(study(seed, Size(models=("other", "m", "another")))))
    assert both["m"] == found(seed)
    assert both["other"] != both["m"]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_follows_a_denial_is_always_one_of_four(seed: int) -> None:
    shares = [estimate.value for name, estimate in found(seed).items() if name.startswith("after_denial_")]
    assert sum(share or 0 for share in shares) == pytest.approx(1)


@pytest.mark.parametrize("seed", SEEDS)
def test_evidence_names_steps_of_trials_that_there_are(seed: int) -> None:
    trials = study(seed)
    steps = {key.name: len(events) for key, events in [*trials, *probes(trials)]}
    for name, estimate in found(seed).items():
        assert len(estimate.evidence) <= 200
        for link in estimate.evidence:
            trial, _, step = link.rpartition("#")
            assert 0 <= int(step) < steps[trial], name


def everything_fails(trial: Record) -> None:
    trial.verdict = "unresolved"


def everything_works(trial: Record) -> None:
    trial.verdict = "resolved"


def nothing_is_submitted(trial: Record) -> None:
    trial.submission, trial.verdict = None, "agent_limit"


def nothing_is_done(trial: Record) -> None:
    trial.calls = []


def nothing_is_known(trial: Record) -> None:
    trial.tests = trial.patch = trial.facts = None


def nothing_counts(trial: Record) -> None:
    trial.verdict = "infra_error"


CHANGES: list[Callable[[Record], None]] = [
    everything_fails,
    everything_works,
    nothing_is_submitted,
    nothing_is_done,
    nothing_is_known,
    nothing_counts,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("scenarios", [1, 2, 8])
def test_the_worst_cases_give_a_number_or_a_reason(change: Callable[[Record], None], scenarios: int) -> None:
    trials = recorded(3, Size(scenarios=scenarios))
    for trial in trials:
        change(trial)
    profile = profiles(trials)["m"]
    for name, estimate in profile.measures.items():
        assert (estimate.value is None) == bool(estimate.reason), name
        assert scenarios > 1 or estimate.value is None, "one scenario shows no spread"
        for part in (estimate.value, estimate.low, estimate.high, estimate.p):
            assert part is None or math.isfinite(part), name
    json.dumps(profile.model_dump(), allow_nan=False)


def test_all_resolved_and_none_resolved_leave_a_doubt() -> None:
    for change, value in ((everything_works, 1.0), (everything_fails, 0.0)):
        trials = recorded(2)
        for trial in trials:
            change(trial)
        measures = findings(trials)["m"]
        for name in ("resolved", "pass_at_k", "pass_hat_k", "recovery", "from_failed_state"):
            estimate = measures[name]
            assert estimate.value == value
            assert estimate.low is not None and estimate.high is not None
            assert estimate.high - estimate.low > 0.1
        assert measures["agreement"].value == 1
        assert measures["auroc"].reason == measures["brier_skill"].reason == "all outcomes are alike"
        cost = measures["cost_usd_per_resolved"]
        assert (cost.value is None) == (value == 0.0)
        assert value or cost.reason == "nothing to divide by"


def test_differences_are_clustered_by_repository_where_there_are_30() -> None:
    """And only where every transcript names its repository."""
    name = "net_gain_verify"
    trials = recorded(4, Size(scenarios=40))
    measures = {name: MEASURES[name]}
    each = findings(trials, measures)["m"][name]
    for trial in trials:
        trial.repo = "one for all"
    together = findings(trials, measures)["m"][name]
    for trial in trials:
        trial.repo = "" if trial.key.scenario == "s07" else f"repo-{trial.key.scenario}"
    unknown = findings(trials, measures)["m"][name]
    assert each.value == together.value == unknown.value
    assert (together.low, together.high) == (unknown.low, unknown.high), "a t interval"
    assert each.low is not None and together.low is not None
    assert each.low != together.low
    assert each.low == pytest.approx(together.low, abs=0.03)
