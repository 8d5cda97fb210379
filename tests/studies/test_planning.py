"""A plan is a bound before anything is spent, and with a pilot an expectation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runner.measures.record import Record
from runner.results import Times, TrialKey, Verdict
from runner.scenarios.catalog import ScenarioFolder, load_scenario
from runner.studies.planning import plan_of
from runner.studies.study import Study

TABLE = {
    "base_url": "http://127.0.0.1:1/v1",
    "model": "m",
    "max_output_tokens": 1000,
    "price": {"input": 1.0, "output": 10.0},
}
LIMITS = """\
schema = 1
title = "Doubling is off"
repo = "calc"
[tests]
fail_to_pass = ["tests/test_hidden.py::test_three"]
[limits]
turns = 2
minutes = 3.0
command_seconds = 60.0
"""


@pytest.fixture
def scenarios(write_scenario: Callable[..., Path]) -> dict[str, ScenarioFolder]:
    folders = [write_scenario(f"doubling-{n}", **{"scenario.toml": LIMITS}) for n in range(3)]
    return {folder.name: load_scenario(folder) for folder in folders}


def trial(scenario: str, model: str, verdict: Verdict, usd: float, repeat: int = 1) -> Record:
    key = TrialKey(scenario=scenario, model=model, repeat=repeat)
    return Record(key, verdict=verdict, cost_usd=usd, times=Times(total=90.0))


def test_trials_are_counted_by_model_and_arm(scenarios: dict[str, ScenarioFolder]) -> None:
    study = Study(models=("noop", "oracle"), repeats=2, faults=("seeded",), feedback=("verify",))
    found = plan_of(study, scenarios)
    assert found.trials == 2 * 2 * 3 * 3
    assert found.arms == {"control": 12, "faults_seeded": 12, "feedback_verify": 12}
    assert [(each.trials, each.worst_usd) for each in found.models] == [(18, 0.0), (18, 0.0)]


def test_the_worst_cost_is_every_turn_with_all_that_came_before(scenarios: dict[str, ScenarioFolder]) -> None:
    """Two turns: 6,000 and then 6,000 + 1,000 + 6,000 tokens in, 1,000 out each."""
    study = Study(models=("house",), endpoints={"house": TABLE})  # type: ignore[dict-item]
    [model] = plan_of(study, scenarios).models
    one = (6_000 + 13_000) * 1e-6 + 2 * 1_000 * 10e-6
    assert model.worst_usd == pytest.approx(3 * one)
    assert (model.expected_usd, model.basis) == (None, "the study's own table")


def test_the_worst_time_is_every_limit_used_up(scenarios: dict[str, ScenarioFolder]) -> None:
    found = plan_of(Study(models=("noop",), concurrency=2), scenarios)
    assert found.worst_hours == pytest.approx(3 * (3 * 60 + 60 + 60) / 2 / 3600)
    assert found.expected_hours is None


def test_a_pilot_gives_expectations(scenarios: dict[str, ScenarioFolder]) -> None:
    study = Study(models=("house",), endpoints={"house": TABLE}, repeats=4, concurrency=3)  # type: ignore[dict-item]
    pilot = [trial("doubling-0", "house", "resolved", 0.10), trial("doubling-1", "house", "unresolved", 0.30)]
    found = plan_of(study, scenarios, pilot=pilot)
    assert found.models[0].expected_usd == pytest.approx(12 * 0.2)
    assert found.expected_hours == pytest.approx(12 * 90 / 3 / 3600)


def test_too_few_scenarios_show_nothing_and_more_show_smaller_differences(
    scenarios: dict[str, ScenarioFolder], write_scenario: Callable[..., Path]
) -> None:
    assert plan_of(Study(models=("noop",)), scenarios).detectable.value is None
    many = dict(scenarios) | {f"more-{n}": next(iter(scenarios.values())) for n in range(27)}
    once, often = (plan_of(Study(models=("noop",), repeats=n), many).detectable.value for n in (1, 5))
    assert once is not None and often is not None
    assert 0.10 < often < once < 0.40


def test_a_pilots_own_variance_is_used_where_there_is_one(scenarios: dict[str, ScenarioFolder]) -> None:
    many = dict(scenarios) | {f"more-{n}": next(iter(scenarios.values())) for n in range(27)}
    verdicts: list[Verdict] = ["resolved", "unresolved"]
    pilot = [
        trial(name, model, verdicts[(at + repeat + (model == "b")) % 2], 0.0, repeat)
        for at, name in enumerate(many)
        for model in ("a", "b")
        for repeat in (1, 2)
    ]
    found = plan_of(Study(models=("noop",)), many, pilot=pilot)
    assert found.detectable_basis == "from the pilot's variance"
    assert found.detectable.value is not None and found.detectable.low is not None
