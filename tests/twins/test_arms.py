"""Perturbation as a factor: what it may be, which arms it makes, and which trials these have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from runner.arms import Arm, of_twin, twin_kinds
from runner.errors import UserError
from runner.results import TrialKey, TrialResult
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.studies.study import Study
from runner.trials.leftover import Leftovers


def test_the_original_is_the_controls_listed_or_not() -> None:
    for values in (("original", "rename"), ("rename",), ("rename", "original")):
        arms = Study(models=("noop",), perturbation=values).arms
        assert {name: arm.perturbation for name, arm in arms.items()} == {
            "control": "original",
            "perturbation_rename": "rename",
        }


def test_kinds_are_joined_in_their_order() -> None:
    assert twin_kinds("original") == () and twin_kinds("move+rename") == ("move", "rename")
    assert list(Study(models=("noop",), perturbation=("move+rename",)).arms) == ["control", "perturbation_move-rename"]


@pytest.mark.parametrize("value", ["", "Rename", "rename+", "rename+original", "rename+rename", "rename:3", 3, None])
def test_what_is_no_perturbation_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        Arm.model_validate({"perturbation": value})


def test_a_twin_is_not_begun_in_what_an_originals_trial_left() -> None:
    with pytest.raises(ValidationError, match="a twin has other files"):
        Study(
            models=("noop",),
            perturbation=("rename",),
            start=("failed",),
            failed_run="x",
            cross=("start", "perturbation"),
        )
    Study(models=("noop",), perturbation=("rename",), start=("failed",), failed_run="x")


def test_an_arm_of_twins_has_trials_of_the_scenarios_that_have_one() -> None:
    study = Study(models=("noop",), perturbation=("rename",))
    keys = study.keys(["a", "b"], twins={"rename": {"b"}})
    assert [(key.scenario, key.arm) for key in keys if of_twin(key.arm)] == [("b", "perturbation_rename")]
    assert sum(of_twin(key.arm) for key in study.keys(["a", "b"])) == 2


def test_what_a_twins_failed_trial_left_starts_no_trial_of_its_original(tmp_path: Path) -> None:

    run = RunFolder(tmp_path)
    run.write_lock({"schema": 1})
    key = TrialKey(scenario="a", model="noop", arm="perturbation_rename", repeat=1)
    ledger = Ledger(run.ledger_file)
    ledger.plan([key])
    ledger.close()
    result = TrialResult(key=key, verdict="unresolved", changed_files=("a.py",))
    run.trial(key).mkdir(parents=True)
    (run.trial(key) / "result.json").write_text(json.dumps(result.model_dump(mode="json", by_alias=True)))
    (run.trial(key) / "workspace.tar.gz").write_text("{}")
    with pytest.raises(UserError, match="no failed trial there changed anything"):
        Leftovers(tmp_path)
