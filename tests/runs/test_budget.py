"""Hard limits: what a study may say, which caps hold for a trial, and which moment `until` means."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runner.errors import BudgetExhausted, FileProblem, UserError
from runner.results import TrialKey
from runner.runs.budget import Amounts, Budget, Cap, next_moment
from runner.runs.ledger import Ledger
from runner.studies.study import load_study


@pytest.fixture
def berlin() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


@pytest.mark.parametrize(
    ("until", "now", "moment"),
    [
        ("07:00", "2026-11-23T22:00+01:00", "2026-11-24T07:00+01:00"),
        ("7:00", "2026-11-24T06:59+01:00", "2026-11-24T07:00+01:00"),
        ("07:00", "2026-11-24T07:00+01:00", "2026-11-25T07:00+01:00"),
        ("07:00:30", "2026-11-24T07:00+01:00", "2026-11-24T07:00:30+01:00"),
        ("2026-12-24T07:00", "2026-11-24T07:00+01:00", "2026-12-24T07:00+01:00"),
        ("2026-12-24 07:00+00:00", "2026-11-24T07:00+01:00", "2026-12-24T08:00+01:00"),
        ("07:00", "2026-10-24T22:00+02:00", "2026-10-25T07:00+01:00"),
        ("07:00", "2026-03-28T22:00+01:00", "2026-03-29T07:00+02:00"),
    ],
)
@pytest.mark.usefixtures("berlin")
def test_until_is_the_next_such_time_here_also_when_the_clocks_change(until: str, now: str, moment: str) -> None:
    found = next_moment(until, datetime.fromisoformat(now))
    assert found.astimezone(UTC) == datetime.fromisoformat(moment).astimezone(UTC)


@pytest.mark.parametrize(
    "bad", ["", "25:00", "7", "soon", "07:60", "2026-12-24", "2026-13-01T07:00", "07:00+01:00", "٠٧:٠٠x"]
)
def test_what_is_no_time_says_what_would_be(bad: str) -> None:
    with pytest.raises(ValueError, match='such as "07:00"'):
        Budget(until=bad)


def test_a_moment_that_has_passed_is_refused() -> None:
    with pytest.raises(UserError, match="has passed"):
        Budget(until="2020-01-01T07:00").begun(datetime.now(UTC))


def test_a_time_without_quotes_is_read_as_well(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text('schema = 1\nmodels = ["noop"]\n[budget]\nuntil = 07:00:00\n')
    assert load_study(file).budget.until == "07:00:00"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("usd = -1.0", "budget.usd"),
        ("usd = nan", "budget.usd"),
        ("trials = 1.5", "budget.trials"),
        ("minutes = 0.0", "budget.minutes"),
        ("minutes = inf", "budget.minutes"),
        ("until = 7", "budget.until"),
        ('until = "noon"', "budget.until: write a local time of day"),
        ("dollars = 3.0", "budget.dollars: unknown key"),
        ("[budget.models.noop]\nminutes = 3.0", "budget.models.noop.minutes: unknown key"),
        ('[budget.models]\nnoop = "much"', "budget.models.noop"),
        ("grace_minutes = -1.0", "budget.grace_minutes"),
    ],
)
def test_a_budget_that_cannot_be_names_its_key(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "study.toml"
    file.write_text(f'schema = 1\nmodels = ["noop"]\n[budget]\n{text}\n')
    with pytest.raises(FileProblem) as caught:
        load_study(file)
    assert said in str(caught.value)


def test_a_table_for_a_model_or_scenario_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match="caps no model of this study; they are noop"):
        Budget(models={"nop": Amounts(usd=1.0)}).check_names(["noop"], ["a"])
    with pytest.raises(UserError, match="matches no scenario"):
        Budget(scenarios={"b*": Amounts(usd=1.0)}).check_names(["noop"], ["a"])
    Budget(models={"noop": Amounts()}, scenarios={"a*": Amounts()}).check_names(["noop"], ["a1"])


def test_each_trial_has_the_caps_of_its_run_its_model_and_its_scenario() -> None:
    budget = Budget(
        usd=9.0,
        models={"m": Amounts(tokens=5), "n": Amounts()},
        scenarios={"s*": Amounts(trials=2), "*": Amounts(usd=1.0), "x": Amounts(usd=0.0)},
    )
    found = [cap.where for cap in budget.caps(TrialKey(scenario="s1", model="m", repeat=1))]
    assert found == ["the run", "model m", "scenario s1", "scenario s1"]
    assert [cap.where for cap in Budget().caps(TrialKey(scenario="s", model="m", repeat=1))] == []


def test_caps_count_the_trials_that_they_are_of_alone(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.plan([TrialKey(scenario=s, model=m, repeat=1) for s in "ab" for m in "xy"])
    scenario, model = Cap("a", Amounts(usd=1.0), scenario="a"), Cap("x", Amounts(tokens=100), model="x")
    ledger.reserve(1, 0.6, 60, [scenario, model])
    ledger.reserve(4, 5.0, 500, [])
    with pytest.raises(BudgetExhausted) as caught:
        ledger.reserve(2, 0.5, 0, [scenario])
    assert (caught.value.where, caught.value.what) == ("a", "usd")
    with pytest.raises(BudgetExhausted):
        ledger.reserve(3, 0.0, 41, [model])
    ledger.reserve(2, 0.4, 0, [scenario])
    ledger.reserve(3, 9.0, 40, [model])
    assert (ledger.committed(cap=scenario), ledger.committed_tokens(model)) == (1.0, 100)


def test_a_trial_that_is_tried_again_is_no_further_trial(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.plan([TrialKey(scenario="s", model="m", repeat=repeat) for repeat in (1, 2, 3)])
    caps = Cap.of(trials=2)
    for position in (1, 2):
        ledger.start(position, caps)
        ledger.release(position)
    with pytest.raises(BudgetExhausted, match="the run has begun the 2 trials that it may"):
        ledger.start(3, caps)
    assert ledger.start(1, caps) == 2
    assert ledger.rows()[2].attempts == 0
