"""A study: what its file may say, the order of its trials, and a lock that tells what changed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.approvers.policy import load_policy
from runner.canonical import digest
from runner.errors import FileProblem, UserError
from runner.prompts import templates
from runner.results import TrialKey
from runner.runs.lock import differing, lock_of
from runner.scenarios.catalog import load_scenario, scenario_folders
from runner.studies.study import Study, load_study, trial_seed

WriteScenario = Callable[..., Path]
GOOD = 'schema = 1\nmodels = ["oracle", "noop"]\n'


def study_file(folder: Path, text: str) -> Path:
    file = folder / "study.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ('models = ["noop"]\n', "schema", "write schema = 1"),
        ('schema = true\nmodels = ["noop"]\n', "schema", "found True"),
        ("schema = 1\n", "models", "is missing"),
        ("schema = 1\nmodels = []\n", "models", "at least 1"),
        ('schema = 1\nmodels = "oracle"\n', "models", "found 'oracle'"),
        ('schema = 1\nmodels = ["oracel"]\n', "models", "did you mean oracle"),
        ('schema = 1\nmodels = ["\\u001b[31m"]\n', "models", "'\\x1b[31m'"),
        ('schema = 1\nmodels = [""]\n', "models", "no model named ''"),
        ('schema = 1\nmodels = ["noop", "oracle", "noop"]\n', "models", "named twice"),
        ('schema = 1\nmodels = ["replay:nowhere/at/all"]\n', "models", "does not exist"),
        ('schema = 1\nmodels = ["python:no_such_module:X"]\n', "models", "python:package.module:Name"),
        ('schema = 1\nmodels = ["python:json:__doc__"]\n', "models", "not callable"),
        ('schema = 2\nmodels = ["noop"]\n', "schema", "found 2"),
        (GOOD + 'name = "../x"\n', "name", "found '../x'"),
        (GOOD + 'name = "x\\n"\n', "name", "found 'x\\n'"),
        (GOOD + 'name = ""\n', "name", "found ''"),
        (GOOD + "repeats = 0\n", "repeats", "found 0"),
        (GOOD + "repeats = 1001\n", "repeats", "found 1001"),
        (GOOD + "concurrency = 0\n", "concurrency", "found 0"),
        (GOOD + "concurrency = -3\n", "concurrency", "found -3"),
        (GOOD + 'approver = "robot"\n', "approver", "no approver named 'robot'"),
        (GOOD + "approval_seconds = inf\n", "approval_seconds", "found inf"),
        (GOOD + "[reviewer]\nusd = nan\n", "reviewer.usd", "found nan"),
        (GOOD + "[reviewer]\nusd = -1\n", "reviewer.usd", "found -1"),
        (GOOD + "repeat = 3\n", "repeat", "repeats"),
        (GOOD + "[budget]\nusd = -0.01\n", "budget.usd", "found -0.01"),
        (GOOD + "[budget]\nusd = nan\n", "budget.usd", "found nan"),
        (GOOD + "[budget]\neur = 3\n", "budget.eur", "known here: free_gb, grace_minutes"),
        (GOOD + "scenarios = [1]\n", "scenarios.0", "found 1"),
        ("models = [\n", "", "no valid TOML"),
    ],
)
def test_a_fault_in_a_study_names_file_key_and_what_was_found(tmp_path: Path, text: str, key: str, said: str) -> None:
    file = study_file(tmp_path, text)
    with pytest.raises(FileProblem) as caught:
        load_study(file)
    assert (caught.value.path, caught.value.key) == (file, key)
    assert said in str(caught.value)


@pytest.mark.parametrize("line", ['repeats = "3"', "repeats = true", 'seed = "7"', 'budget = {usd = "40"}'])
def test_a_number_of_the_wrong_type_is_refused_not_converted(tmp_path: Path, line: str) -> None:
    with pytest.raises(FileProblem):
        load_study(study_file(tmp_path, f"{GOOD}{line}\n"))


def test_paths_are_relative_to_the_studys_file(
    write_scenario: WriteScenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scenario("alpha")
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "p.toml").write_text("schema = 1\n")
    text = GOOD + 'scenarios = ["../scenarios/*"]\npolicy = "p.toml"\n'
    file = study_file(tmp_path / "studies", text)
    monkeypatch.chdir("/")
    study = load_study(Path("/") / file)
    assert list(scenario_folders(study.scenarios)) == ["alpha"]
    assert study.policy is not None
    assert load_policy(Path(study.policy)).rules == ()


@pytest.mark.parametrize("name", ["a b", "run [1]", "what?", "st*r", "日本"])
@pytest.mark.parametrize("place", [".", "*"])
def test_a_study_may_lie_in_a_folder_of_any_name(
    write_scenario: WriteScenario, tmp_path: Path, name: str, place: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    write_scenario("alpha").rename(folder / "alpha")
    study = load_study(study_file(folder, f'{GOOD}scenarios = ["{place}"]\n'))
    assert list(scenario_folders(study.scenarios)) == ["alpha"]


def test_models_interleave_within_a_scenario() -> None:
    study = Study(schema=1, models=("x", "y"), repeats=2)
    assert [(key.scenario, key.repeat, key.model) for key in study.keys(["b", "a"])] == [
        ("b", 1, "x"),
        ("b", 1, "y"),
        ("b", 2, "x"),
        ("b", 2, "y"),
        ("a", 1, "x"),
        ("a", 1, "y"),
        ("a", 2, "x"),
        ("a", 2, "y"),
    ]


def lock(folder: Path, policy: Path | None = None, **study: Any) -> dict[str, Any]:
    found = load_scenario(folder)
    made = Study.model_validate({"schema": 1, "models": ("noop",), **study})
    return lock_of(made, load_policy(policy), {found.id: found}, "engine 1")


def test_the_same_inputs_give_the_same_lock_and_it_survives_json(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    first = lock(folder)
    assert lock(folder) == first
    assert json.loads(json.dumps(first)) == first
    assert Study.model_validate(first["study"]) == Study(schema=1, models=("noop",))
    assert load_scenario(Path(first["folders"]["doubling"])).digest == first["hashes"]["scenarios"]["doubling"]


def test_the_lock_hashes_every_prompt_as_it_is_told(write_scenario: WriteScenario) -> None:
    hashes = lock(write_scenario())["hashes"]
    assert hashes["prompts"] == {name: digest(text) for name, text in templates().items()}
    assert {"system.md", "task.md"} <= set(hashes["prompts"])
    changed = hashes | {"prompts": {name: digest(text + " ") for name, text in templates().items()}}
    assert differing(hashes, changed) == [f"prompts.{name}" for name in sorted(templates())]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tests/tests/test_hidden.py", "def test_three(): pass\n"),
        ("tests/tests/test_more.py", ""),
        ("instruction.md", "Other words.\n"),
        ("solution/solution.patch", "other\n"),
        ("bug.patch", "other\n"),
    ],
)
def test_the_lock_changes_with_the_scenarios_files_and_says_which_scenario(
    write_scenario: WriteScenario, name: str, content: str
) -> None:
    folder = write_scenario()
    before = lock(folder)
    (folder / name).write_text(content)
    changed = set(differing(before["hashes"], lock(folder)["hashes"]))
    assert changed - {"told.doubling.control", "limits.doubling"} == {"scenarios.doubling"}


def test_the_lock_changes_with_the_policy(write_scenario: WriteScenario, tmp_path: Path) -> None:
    folder = write_scenario()
    policy = tmp_path / "p.toml"
    policy.write_text('schema = 1\n[[rules]]\nid = "a"\neffect = "read"\ndecision = "allow"\n')
    before = lock(folder, policy)
    assert differing(lock(folder)["hashes"], before["hashes"]) == ["policy"]
    policy.write_text("# a comment alone\n" + policy.read_text())
    assert differing(before["hashes"], lock(folder, policy)["hashes"]) == []
    policy.write_text(policy.read_text().replace("allow", "ask"))
    assert differing(before["hashes"], lock(folder, policy)["hashes"]) == ["policy"]


def test_the_lock_changes_with_the_repos_source(write_scenario: WriteScenario, tmp_path: Path) -> None:
    """Results before and after an edit of the source are not comparable."""
    folder = write_scenario()
    before = lock(folder)
    (tmp_path / "repos" / "calc" / "source" / "src" / "calc.py").write_text("def double(x):\n    return 2 * x\n")
    assert differing(before["hashes"], lock(folder)["hashes"]) != []


def test_what_may_differ_between_two_runs_is_not_hashed(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    other = lock(folder, repeats=9, seed=3, concurrency=5, budget={"usd": 3.0}, name="x")
    assert differing(lock(folder)["hashes"], other["hashes"]) == []


def test_another_process_finds_the_same_hashes(write_scenario: WriteScenario) -> None:
    """No order of a set or dict gets into them."""
    folder = write_scenario()
    code = (
        "import json, sys\nfrom pathlib import Path\nfrom runner.approvers.policy import load_policy\n"
        "from runner.scenarios.catalog import load_scenario\nfrom runner.studies.study import Study\n"
        "from runner.runs.lock import lock_of\n"
        "found = load_scenario(Path(sys.argv[1]))\n"
        "print(json.dumps(lock_of(Study(models=('noop',)), load_policy(), {found.id: found}, 'engine 1')))\n"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder)], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        assert json.loads(done.stdout)["hashes"] == lock(folder)["hashes"]


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ({}, {}, []),
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["a"]),
        ({"a": 1}, {}, ["a"]),
        ({}, {"a": {"b": 1}}, ["a"]),
        (
            {"a": {"b": 1, "c": {"d": 1}}, "z": 0},
            {"a": {"b": 2, "c": {"d": 2, "e": 1}}, "z": 0},
            ["a.b", "a.c.d", "a.c.e"],
        ),
        ({"a": {"b": 1}}, {"a": 1}, ["a"]),
        ({"b": 1, "a": 1}, {}, ["a", "b"]),
    ],
)
def test_differing_fields_are_named_with_dots_in_order(
    old: dict[str, Any], new: dict[str, Any], names: list[str]
) -> None:
    assert differing(old, new) == names
    assert differing(new, old) == names


def test_a_digest_does_not_depend_on_the_order_of_keys_but_on_all_else() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert (
        len({digest(value) for value in ({"a": 1}, {"a": "1"}, {"a": [1]}, {"a": None}, {}, [], "", "é", "e\u0301")})
        == 9
    )


def test_a_trials_seed_is_always_the_same_and_its_own() -> None:
    key = TrialKey(scenario="invoice-rounding", model="noop", repeat=1)
    assert trial_seed(7, key) == 0xCA0584EC, 'printf \'[7,"invoice-rounding","noop","control",1]\' | sha256sum'
    others = [{"scenario": "x"}, {"model": "x"}, {"arm": "x"}, {"repeat": 2}]
    seeds = {trial_seed(7, key), trial_seed(8, key), *(trial_seed(7, key.model_copy(update=other)) for other in others)}
    assert len(seeds) == 6
    assert all(0 <= seed < 2**32 for seed in seeds)


@pytest.mark.parametrize("models", [("noop", "noop"), ("nope",), ("python:",), ("replay:",), ("oracle:x",)])
def test_a_model_that_is_not_there_or_there_twice_is_refused(models: tuple[str, ...]) -> None:
    with pytest.raises(UserError):
        Study(schema=1, models=models).check_models()
