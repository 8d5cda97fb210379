"""Real foreign data, had from the package index while testing: imported, proved and graded by the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import program
from runner.importers.base import split
from runner.importers.index import files_of, releases
from runner.scenarios.checkout import difference
from runner.scenarios.patches import lay_out
from sandboxes.archive import Entry, Tree
from sandboxes.packed import read_packed

pytestmark = [pytest.mark.engine, pytest.mark.slow]

HARBOR = "0.26.0"
"""Its wheel holds the template of a task."""


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    yield {**os.environ, "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}


@pytest.fixture(scope="module")
def states() -> tuple[Tree, Tree]:
    """A real package before and after a release that fixed a few things."""
    found = {str(release.version): release for release in releases("pathspec")}
    old, new = (files_of(found[version]) for version in ("0.11.1", "0.11.2"))
    return {path: entry for path, entry in old.items() if "egg-info" not in path}, {
        path: entry for path, entry in new.items() if "egg-info" not in path
    }


def taskfit(cwd: Path, env: dict[str, str], *words: str, code: int = 0) -> str:
    done = program.taskfit(*words, cwd=cwd, env=env)
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


def git(folder: Path, *words: str) -> str:
    named = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=false"]
    done = subprocess.run(["git", *named, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def committed(tree: Tree, folder: Path) -> str:
    """A tree as an ordinary repository's one commit."""
    lay_out(tree, folder)
    git(folder, "init", "-q")
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "-m", "A release")
    return git(folder, "rev-parse", "HEAD")


def outcome(said: str) -> dict[str, Any]:
    found = json.loads(said)
    (row,) = found["outcomes"] if isinstance(found, dict) else found
    assert isinstance(row, dict)
    return row


def test_a_row_of_a_real_bug_is_proved_graded_and_handed_back_as_a_prediction(
    states: tuple[Tree, Tree], own_cache: dict[str, str], tmp_path: Path
) -> None:
    old, new = states
    commit = committed(old, tmp_path / "repos" / "cpburnz__python-pathspec")
    solved, hidden = split(old, new)
    row = {
        "instance_id": "cpburnz__python-pathspec-0.11.2",
        "repo": "cpburnz/python-pathspec",
        "base_commit": commit,
        "patch": difference(old, solved),
        "test_patch": difference(old, {**old, **hidden}),
        "problem_statement": "Patterns with several separators in a row do not match\n\nSee the tests.",
        "created_at": "2023-07-28T00:00:00Z",
        "FAIL_TO_PASS": json.dumps(["tests/test_util.py::CheckMatchFileTest::test_01 (cut off"]),
        "PASS_TO_PASS": "[]",
        "version": "0.11",
    }
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + '\n{"instance_id": "bad__row-1", "patch": null}\n')
    words = ["rows.jsonl", "--repos", "repos", "--to", "pack", "--repeats", "2", "--json"]
    said = json.loads(taskfit(tmp_path, own_cache, "scenarios", "import", *words))
    by_id = {each["id"]: each for each in (said["outcomes"] if isinstance(said, dict) else said)}
    assert by_id["bad-row-1"]["code"] == "malformed"
    assert by_id["cpburnz-python-pathspec-0-11-2"]["code"] == "ok", by_id
    models = ["--model", "oracle", "--model", "noop"]
    taskfit(tmp_path, own_cache, "run", "--scenarios", "pack/scenarios", *models, "--out", "run")
    taskfit(tmp_path, own_cache, "export", "run", "--format", "swebench", "--out", "predictions")
    (oracle,) = (tmp_path / "predictions").glob("predictions.oracle.1.jsonl")
    (line,) = [json.loads(line) for line in oracle.read_text().splitlines()]
    assert (line["instance_id"], line["model_name_or_path"]) == (row["instance_id"], "oracle")
    (tmp_path / "model.patch").write_text(line["model_patch"])
    git(tmp_path / "repos" / "cpburnz__python-pathspec", "apply", "--index", str(tmp_path / "model.patch"))
    assert git(tmp_path / "repos" / "cpburnz__python-pathspec", "diff", "--cached", "--stat")
    noop = json.loads((tmp_path / "predictions" / "predictions.noop.1.jsonl").read_text())
    assert noop["model_patch"] == ""


def test_two_releases_of_a_real_package_become_a_scenario_that_holds(own_cache: dict[str, str], tmp_path: Path) -> None:
    words = ["--pypi", "pathspec", "0.11.1", "0.11.2", "--to", "pack", "--repeats", "2", "--json"]
    found = outcome(taskfit(tmp_path, own_cache, "scenarios", "import", *words))
    assert (found["code"], found["id"], found["fail_to_pass"]) == ("ok", "pathspec-0-11-2", 5)
    assert found["pass_to_pass"] > 80


def test_two_commits_of_a_real_project_in_the_shape_of_bugsinpy_hold(
    states: tuple[Tree, Tree], own_cache: dict[str, str], tmp_path: Path
) -> None:
    clone = tmp_path / "repos" / "python-pathspec"
    old, new = states
    buggy = committed(old, clone)
    git(clone, "rm", "-r", "-q", ".")
    fixed = committed(new, clone)
    info = f'buggy_commit_id="{buggy}"\nfixed_commit_id="{fixed}"\ntest_file="tests/test_pathspec.py"\n'
    checkout = {
        "project.info": 'github_url="https://github.com/cpburnz/python-pathspec"\n',
        "bugs/1/bug.info": info,
        "bugs/1/requirements.txt": "-e git+https://github.com/cpburnz/python-pathspec@0#egg=pathspec\niniconfig==2.0.0\n",
        "bugs/1/run_test.sh": "python -m pytest tests/test_pathspec.py\n",
        "bugs/1/setup.sh": "pip install flit_core\n",
    }
    files = {f"projects/pathspec/{path}": Entry(text.encode()) for path, text in checkout.items()}
    lay_out(files, tmp_path / "BugsInPy")
    words = ["BugsInPy", "--repos", "repos", "--to", "pack", "--repeats", "2", "--json"]
    found = outcome(taskfit(tmp_path, own_cache, "scenarios", "import", *words))
    assert (found["code"], found["id"], found["fail_to_pass"]) == ("ok", "bugsinpy-pathspec-1", 5), found


def test_a_task_on_harbors_own_template_is_solved_in_a_sandbox_and_holds(
    states: tuple[Tree, Tree], own_cache: dict[str, str], tmp_path: Path
) -> None:
    template = _template(tmp_path)
    old, new = states
    solved, hidden = split(old, new)
    package = {f"environment/{path}": entry for path, entry in old.items() if path.startswith("pathspec/")}
    fix = difference(
        {path: entry for path, entry in old.items() if path.startswith("pathspec/")},
        {path: entry for path, entry in solved.items() if path.startswith("pathspec/")},
    )
    start = b"import sys\n\nsys.path.insert(0, '/app')\n"
    task = {
        **{path: entry for path, entry in template.items() if path in ("task.toml", "instruction.md")},
        **package,
        "instruction.md": Entry(b"Matching of files in /app/pathspec is wrong in several ways.\n"),
        "environment/Dockerfile": Entry(template["environment/Dockerfile"].data + b"\nCOPY . /app\n"),
        "tests/test.sh": template["shared-pytest-tests/test.sh"],
        "tests/test_outputs.py": Entry(start + hidden["tests/test_gitwildmatch.py"].data),
        "solution/solve.sh": Entry(b"#!/bin/bash\nset -e\ncd /app\ngit apply /solution/fix.diff\n"),
        "solution/fix.diff": Entry(fix.encode()),
    }
    lay_out(task, tmp_path / "tasks" / "pathspec-matching")
    words = ["tasks", "--to", "pack", "--repeats", "2", "--json"]
    found = outcome(taskfit(tmp_path, own_cache, "scenarios", "import", *words))
    assert found["code"] == "ok", found


def _template(tmp_path: Path) -> Tree:
    """The files of the template out of Harbor's wheel."""
    argv = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
    argv += ["--python-version", "3.12", "-d", str(tmp_path / "wheel"), f"harbor=={HARBOR}"]
    subprocess.run(argv, check=True, capture_output=True, timeout=200)
    (wheel,) = (tmp_path / "wheel").iterdir()
    root = "harbor/cli/template-task/"
    found = read_packed("harbor.zip", wheel.read_bytes())
    return {path.removeprefix(root): entry for path, entry in found.items() if path.startswith(root)}
