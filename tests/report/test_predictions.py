"""A run's patches as predictions: which trials, which instances, and what is said of those left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import doubling
from bench.program import taskfit
from runner.report.predictions import Part, predictions
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger

FIX = f"diff --git a/src/calc.py b/src/calc.py\n{doubling.FIX}"
IMPORTED = '[provenance]\norigin = "imported"\ninstance = "acme__calc-1"\n'
MADE = '[provenance]\norigin = "mined"\ninstance = "abc"\n'
MakeRun = Callable[..., RunFolder]


@pytest.fixture
def make(tmp_path: Path, write_scenario: Callable[..., Path]) -> MakeRun:
    """A run's folder with these patches by trial; a scenario's TOML ends with what is given."""

    def run(patches: dict[TrialKey, bytes | None], **ends: str) -> RunFolder:
        folders: dict[str, str] = {}
        for name in {key.scenario for key in patches}:
            folder = write_scenario(name)
            file = folder / "scenario.toml"
            file.write_text(file.read_text() + ends.get(name, IMPORTED))
            folders[name] = str(folder)
        place = tmp_path / "run"
        place.mkdir()
        (place / "study.lock.json").write_text(json.dumps({"schema": 1, "study": {}, "folders": folders, "hashes": {}}))
        found = RunFolder(place)
        ledger = Ledger(found.ledger_file)
        ledger.plan(list(patches))
        ledger.close()
        for key, patch in patches.items():
            found.trial(key).mkdir(parents=True)
            if patch is not None:
                (found.trial(key) / "patch.diff").write_bytes(patch)
        return found

    return run


def trial(model: str = "oracle", repeat: int = 1, arm: str = "control", scenario: str = "doubling") -> TrialKey:
    return TrialKey(scenario=scenario, model=model, arm=arm, repeat=repeat)


def read(data: bytes) -> list[dict[str, str]]:
    return [json.loads(line) for line in data.splitlines()]


def test_each_model_and_repeat_is_a_file_and_other_arms_are_not_told(make: MakeRun) -> None:
    run = make(
        {trial(): FIX.encode(), trial(repeat=2): b"", trial("a/b"): b"", trial(arm="faults:seeded"): FIX.encode()}
    )
    said: list[str] = []
    found = predictions(run, None, said.append)
    assert {part: read(data) for part, data in found.items()} == {
        Part(model, repeat): [
            {"instance_id": "acme__calc-1", "model_name_or_path": model, "model_patch": patch},
        ]
        for model, repeat, patch in (("oracle", 1, FIX), ("oracle", 2, ""), ("a/b", 1, ""))
    }
    assert set(predictions(run, 2, said.append)) == {Part("oracle", 2)}
    assert said == []


def test_a_scenario_without_an_instance_is_named_and_left_out(make: MakeRun) -> None:
    run = make({trial(): FIX.encode(), trial(scenario="mined"): FIX.encode()}, mined=MADE)
    said: list[str] = []
    (data,) = predictions(run, 1, said.append).values()
    assert len(read(data)) == 1
    assert said == ["1 of 2 scenarios were not imported and have no instance id: mined"]


@pytest.mark.parametrize(
    ("patch", "said", "kept"),
    [
        (None, "has no patch.diff", False),
        (b"caf\xe9", "not UTF-8", False),
        (FIX.replace("x + 2", "x + 9").encode(), "does not apply to the original files", True),
    ],
)
def test_a_patch_that_cannot_be_used_is_named(make: MakeRun, patch: bytes | None, said: str, kept: bool) -> None:
    problems: list[str] = []
    found = predictions(make({trial(): patch}), 1, problems.append)
    assert bool(found) == kept
    assert any(said in problem and "doubling.oracle" in problem for problem in problems)


def test_two_scenarios_of_one_instance_make_one_prediction(make: MakeRun) -> None:
    said: list[str] = []
    (data,) = predictions(make({trial(): b"", trial(scenario="again"): b""}), 1, said.append).values()
    assert len(read(data)) == 1
    assert "another scenario is of instance acme__calc-1" in said[0]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--out", "p"], 0, ""),
        (["--out", "p.jsonl"], 2, "name a folder"),
        ([], 2, "name a folder"),
        (["--repeat", "2"], 0, ""),
        (["--repeat", "3"], 2, "no patch"),
    ],
)
def test_the_command_writes_one_file_or_a_folder(make: MakeRun, words: list[str], code: int, said: str) -> None:
    run = make({trial(): FIX.encode(), trial("noop"): b"", trial(repeat=2): FIX.encode()})
    done = taskfit("export", str(run.path), "--format", "swebench", *words, cwd=run.path.parent)
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr
    if words == ["--out", "p"]:
        names = {file.name for file in (run.path.parent / "p").iterdir()}
        assert names == {"predictions.oracle.1.jsonl", "predictions.noop.1.jsonl"}
    elif code == 0:
        assert read(done.stdout.encode())[0]["model_patch"] == FIX
