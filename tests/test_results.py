"""Results and their keys: a folder of its own for every trial, whatever its model is called."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

import runner.results
from runner.messages import to_json
from runner.results import COUNTED, Counts, Submission, TrialKey, TrialResult, file_name

ODD = [
    "oracle", "Oracle", "oracle-", "-oracle", "oracle\n", " oracle", "or/acle", "or-acle", "or.acle", "or acle",
    "or\\acle", "", "-", "--", ".", "..", "/", "../../etc/passwd", "a/b", "a//b", "a-b", "a_b", "a:b", "python:m:N",
    "日本", "日木", "é", "e\u0301", "\x00", "\x1b[31m", "x" * 60, "x" * 61, "x" * 62, "x" * 5000, "x" * 4999,
    "a" * 60 + "/b", "a" * 60 + "/c",
]  # fmt: skip


def test_odd_model_names_never_share_a_folder() -> None:
    names = {TrialKey(scenario="s", model=model, repeat=1).name for model in ODD}
    assert len(names) == len(ODD)


def test_a_model_that_is_called_like_anothers_folder_gets_one_of_its_own() -> None:
    taken = file_name("anthropic/claude-opus-4-7")
    assert file_name(taken) != taken


def test_names_stay_apart_on_a_disk_that_does_not_tell_case() -> None:
    assert len({file_name(model).lower() for model in ODD}) == len(ODD)


@pytest.mark.parametrize("model", ODD)
def test_a_trials_name_is_one_plain_folder(tmp_path: Path, model: str) -> None:
    name = TrialKey(scenario="s", model=model, repeat=1000).name
    assert re.fullmatch(r"s\.[A-Za-z0-9_-]*\.control\.1000", name)
    (tmp_path / name).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_every_part_of_a_key_is_in_its_name() -> None:
    plain = TrialKey(scenario="s", model="m", arm="a", repeat=1)
    others = [{"scenario": "t"}, {"model": "n"}, {"arm": "b"}, {"repeat": 11}]
    assert len({plain.name, *(plain.model_copy(update=other).name for other in others)}) == 5


def test_the_same_name_comes_out_every_time() -> None:
    assert file_name("a/b") == file_name("a/b") == "a-b-c14cdd"


def test_the_examples_in_the_docstrings_are_true() -> None:
    found = doctest.testmod(runner.results)
    assert found.failed == 0
    assert found.attempted >= 2


@pytest.mark.parametrize("repeat", [0, -1])
def test_repeats_count_from_1(repeat: int) -> None:
    with pytest.raises(ValidationError):
        TrialKey(scenario="s", model="m", repeat=repeat)


@pytest.mark.parametrize("confidence", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_confidence_is_a_probability(confidence: float) -> None:
    with pytest.raises(ValidationError):
        Submission(summary="", confidence=confidence)


def test_only_a_resolved_trial_is_resolved_and_the_harnesss_verdicts_never_count() -> None:
    key = TrialKey(scenario="s", model="m", repeat=1)
    verdicts = ("resolved", "unresolved", "agent_limit", "tampered", "infra_error", "invalid_scenario")
    assert [v for v in verdicts if TrialResult(key=key, verdict=v).resolved] == ["resolved"]
    assert [v for v in verdicts if v not in COUNTED] == ["infra_error", "invalid_scenario"]


def test_a_result_survives_its_file() -> None:
    key = TrialKey(scenario="s", model="a\x00\u2028", repeat=1)
    result = TrialResult(key=key, verdict="unresolved", reason="\x1b[31m", counts=Counts(turns=3), changed_files=("ü",))
    assert TrialResult.model_validate_json(to_json(result, indent=1)) == result
    assert b'"schema": 1' in to_json(result, indent=1)
