"""`taskfit search`, as people call it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from bench import program
from runner.runs.folder import RunFolder
from written import answered, call, key, said, trial, write_run


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    of = key("memo", "one")
    steps = [said("I look at \x1b[31mapply_vat\u202e"), call("run_command", command="ls"), answered("a", exit_code=2)]
    return write_run(tmp_path / "runs" / "night", {of: trial(of, *steps)})


def taskfit(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return program.taskfit(*words, cwd=folder, env=os.environ | {"XDG_CACHE_HOME": str(folder / "cache")})


def test_a_query_is_asked_kept_listed_asked_by_its_name_and_forgotten(tmp_path: Path, run: RunFolder) -> None:
    found = taskfit(tmp_path, "search", "apply_vat", "--save", "vat")
    assert found.returncode == 0, found.stderr
    assert f"runs/night/trials/{run.keys()[0].name}" in found.stdout
    assert "1 step in 1 trial" in found.stdout
    assert "\x1b[31m" not in found.stdout and "\u202e" not in found.stdout
    assert taskfit(tmp_path, "search").stdout == "@vat  apply_vat\n"
    whole = json.loads(taskfit(tmp_path, "search", "@vat", "runs/night", "--json").stdout)
    assert whole["steps"] == 1
    link = whole["shown"][0]["steps"][0]["link"]
    assert link == f"{run.path}/trials/{run.keys()[0].name}@2"
    assert "apply_vat" in taskfit(tmp_path, "show", link).stdout
    assert taskfit(tmp_path, "search", "--forget", "vat").returncode == 0
    assert "no search is saved" in taskfit(tmp_path, "search").stderr
    assert (tmp_path / "cache" / "taskfit" / "search.sqlite").is_file()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["search", '"open'], "does not end"),
        (["search", "error:scema"], "did you mean schema"),
        (["search", "@nothing"], "no saved search named"),
        (["search", "a", "nowhere"], "no run's folder"),
        (["search", "a", "--save", "../x"], "name is made of"),
        (["search", "--forget", "x"], "no saved search named"),
    ],
)
def test_a_mistake_is_a_message_and_exit_code_2(words: list[str], says: str, tmp_path: Path, run: RunFolder) -> None:
    told = taskfit(tmp_path, *words)
    assert told.returncode == 2
    assert says in told.stderr
    assert "Traceback" not in told.stderr
