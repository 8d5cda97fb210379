"""`taskfit scenarios list` and `show`, as users meet them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.program import taskfit
from runner.approvers.policy import load_policy
from runner.arms import Arm
from runner.quality.proofs import note
from runner.results import TrialKey, Verdict
from runner.runs.ledger import Ledger
from runner.scenarios.catalog import ScenarioFolder, load_scenario, scenario_folders
from runner.scenarios.framings import told as framings_of
from runner.tools import toolbox
from runner.tools.base import spec
from runner.trials.telling import told

WriteScenario = Callable[..., Path]
BUILT_IN = {name: load_scenario(folder) for name, folder in scenario_folders().items()}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def scenarios(cwd: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = taskfit("scenarios", *words, cwd=cwd)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def listed(cwd: Path, *words: str) -> list[dict[str, object]]:
    rows = json.loads(scenarios(cwd, "list", "--scenarios", "scenarios", "--json", *words).stdout)
    assert isinstance(rows, list)
    return rows


def write_run(runs: Path, name: str, found: ScenarioFolder, verdicts: dict[str, list[Verdict]]) -> None:
    folder = runs / name
    folder.mkdir(parents=True)
    lock = {
        "schema": 1,
        "study": {},
        "folders": {found.id: str(found.folder)},
        "hashes": {"scenarios": {found.id: found.digest}},
    }
    (folder / "study.lock.json").write_text(json.dumps(lock))
    ledger = Ledger(folder / "ledger.sqlite")
    keys = {
        TrialKey(scenario=found.id, model=model, repeat=at): verdict
        for model, each in verdicts.items()
        for at, verdict in enumerate(each, start=1)
    }
    ledger.plan(keys)
    for row in ledger.rows():
        ledger.start(row.position)
        ledger.finish(row.position, keys[row.key])
    ledger.close()


def test_every_built_in_scenario_says_where_it_comes_from_and_has_a_canary_of_its_own() -> None:
    origins = [found.scenario.provenance for found in BUILT_IN.values()]
    assert all(re.fullmatch(r"taskfit-canary-[0-9a-f-]{36}", each.canary) for each in origins)
    assert len({each.canary for each in origins}) == len(origins)
    assert all(each.public_since is not None for each in origins)


def test_the_list_says_what_was_proved_and_what_changed_since(tmp_path: Path, write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    assert listed(tmp_path)[0]["standing"] == {"status": "unproved", "proof": None, "proved_at": None}
    note(load_scenario(folder), "ok", 3)
    assert "proved 3×" in scenarios(tmp_path, "list", "--scenarios", "scenarios").stdout
    (folder / "instruction.md").write_text("Something else.\n")
    assert "stale" in scenarios(tmp_path, "list", "--scenarios", "scenarios").stdout


def test_difficulty_is_of_models_that_can_fail(tmp_path: Path, write_scenario: WriteScenario) -> None:
    found = load_scenario(write_scenario())
    verdicts: dict[str, list[Verdict]] = {
        "oracle": ["resolved"] * 5,
        "noop": ["unresolved"] * 5,
        "personality:timid": ["resolved"],
        "one": ["resolved", "unresolved", "infra_error"],
        "two": ["agent_limit"],
    }
    write_run(tmp_path / "runs", "a", found, verdicts)
    (difficulty,) = [row["difficulty"] for row in listed(tmp_path)]
    assert isinstance(difficulty, dict)
    assert (difficulty["resolved"], difficulty["models"], difficulty["trials"]) == (0.25, 2, 3)
    assert difficulty["low"] < 0.25 < difficulty["high"]
    assert listed(tmp_path, "--runs", "elsewhere")[0]["difficulty"] is None


def test_trials_of_another_scenario_of_the_same_name_say_nothing(tmp_path: Path, write_scenario: WriteScenario) -> None:
    found = load_scenario(write_scenario())
    write_run(tmp_path / "runs", "a", found, {"one": ["resolved"]})
    lock = tmp_path / "runs" / "a" / "study.lock.json"
    text = lock.read_text().replace(found.digest, "0" * 64).replace(str(found.folder), "/elsewhere/doubling")
    lock.write_text(text)
    assert listed(tmp_path)[0]["difficulty"] is None


@pytest.mark.parametrize("damage", ["{", "[]", '{"schema": 1, "folders": 3, "hashes": []}', ""])
def test_a_damaged_run_is_named_and_the_list_is_there(
    tmp_path: Path, write_scenario: WriteScenario, damage: str
) -> None:
    found = load_scenario(write_scenario())
    write_run(tmp_path / "runs", "a", found, {"one": ["resolved"]})
    (tmp_path / "runs" / "a" / "study.lock.json").write_text(damage)
    done = scenarios(tmp_path, "list", "--scenarios", "scenarios")
    assert "doubling" in done.stdout
    assert "study.lock.json" in done.stderr


def test_tags_select_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    rows = json.loads(scenarios(tmp_path, "list", "--tag", "boundary", "--tag", "hidden-only", "--json").stdout)
    assert rows
    assert all({"boundary", "hidden-only"} <= set(row["tags"]) for row in rows)
    assert "'boundry'" in scenarios(tmp_path, "list", "--tag", "boundry", code=2).stderr


def test_one_scenario_is_shown_with_all_that_is_known_of_it(tmp_path: Path, write_scenario: WriteScenario) -> None:
    write_scenario()
    text = scenarios(tmp_path, "show", "doubling", "--scenarios", "scenarios").stdout
    for part in ("Doubling is off", "tests/test_hidden.py::test_three", "private", "unproved", "src/**", "double(3)"):
        assert part in text
    data = json.loads(scenarios(tmp_path, "show", "doubling", "--scenarios", "scenarios", "--json").stdout)
    assert data["built_in"] is False
    assert "doubling" in scenarios(tmp_path, "show", "dubling", "--scenarios", "scenarios", code=2).stderr


def test_as_model_prints_what_a_trial_would_tell_and_nothing_else(tmp_path: Path) -> None:
    name, found = next(iter(BUILT_IN.items()))
    done = json.loads(scenarios(tmp_path, "show", name, "--as-model", "--json").stdout)
    messages = told(found, Arm(), load_policy(None), False)
    assert done["messages"] == [message.model_dump(mode="json") for message in messages]
    assert done["tools"] == [spec(tool).model_dump(mode="json") for tool in toolbox().values()]
    text = scenarios(tmp_path, "show", name, "--as-model").stdout
    assert text.startswith("--- system\n")
    assert messages[1].text.strip() in text
    assert "--framing" in scenarios(tmp_path, "show", name, "--as-model", "--framing", "loud", code=2).stderr


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_what_a_model_is_told_holds_nothing_that_only_graders_know(name: str) -> None:
    found = BUILT_IN[name]
    secret = _secrets(found)
    assert secret
    for framing in framings_of(found):
        for mode in ("gate", "must_ask"):
            arm = Arm.model_validate({"framing": framing, "approvals": mode})
            view = "\n".join(message.text for message in told(found, arm, load_policy(None), True))
            view += "\n".join(spec(tool).model_dump_json() for tool in toolbox(True).values())
            assert [each for each in secret if each in view] == []


def _secrets(found: ScenarioFolder) -> list[str]:
    """Texts that give away tests, truth, solution or origin: whole lines of code, ids, places, the canary."""
    hidden = [line for entry in found.hidden.values() for line in entry.data.decode().splitlines()]
    patch = [line[1:] for line in found.solution_patch.splitlines() if line[:1] == "+" and line[:3] != "+++"]
    lines = {line.strip() for line in (*hidden, *patch)}
    code = [line for line in lines if len(line) > 15 and re.search(r"[=(]", line) and line not in found.instruction]
    origin = found.scenario.provenance
    names = [node.split("::")[-1].split("[")[0] for node in found.scenario.tests.fail_to_pass]
    tests = [name for name in names if not _visible(found, name)]
    return [*code, *tests, *found.scenario.truth.locations, origin.canary, *found.scenario.checks.mentions]


def _visible(found: ScenarioFolder, test: str) -> bool:
    """Whether the repository's own tests have one of this name, which an issue may well speak of."""
    return test in found.instruction or any(
        f"def {test}(".encode() in each.data for each in found.repo.files().values()
    )


@pytest.mark.parametrize("words", [("--mutants", "dubling"), ("--mutants", "3", "dubling"), ("dubling", "--mutants")])
def test_mutants_may_go_without_a_number(tmp_path: Path, write_scenario: WriteScenario, words: tuple[str, ...]) -> None:
    write_scenario()
    assert "'dubling'" in scenarios(tmp_path, "validate", "--scenarios", "scenarios", *words, code=2).stderr


@pytest.mark.parametrize("number", ["--mutants=-1", "--mutants=many", "--mutants=5000"])
def test_a_wrong_number_of_mutants_is_refused(tmp_path: Path, number: str) -> None:
    assert "--mutants" in scenarios(tmp_path, "validate", number, code=2).stderr
