"""Help is for people: whole sentences, words for what an option takes, and mistakes answered with what there is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bench.program import taskfit
from runner import __version__
from runner.errors import UnknownName, UserError
from runner.runs.folder import LOCK, RunFolder

KEYLESS = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
STUDY = """\
schema = 1
name = "dear"
[models.house]
base_url = "https://llm.example.com/v1"
model = "ours"
format = "chat"
key_variable = "HOUSE_KEY"
[models.house.price]
input = 1.0
output = 2.0
"""


def commands(*group: str) -> list[str]:
    return re.findall(r"^  ([a-z]+)  ", taskfit(*group, "--help").stdout.split("Commands:")[1], re.M)


def test_a_list_of_commands_says_of_each_what_it_does_without_breaking_off() -> None:
    for group in ((), ("scenarios",), ("policy",)):
        assert "..." not in taskfit(*group, "--help").stdout.split("Commands:")[1]


@pytest.mark.parametrize("group", [(), ("scenarios",)], ids=["taskfit", "scenarios"])
def test_options_say_what_they_take_in_words(group: tuple[str, ...]) -> None:
    for command in commands(*group):
        shown = taskfit(*group, command, "--help").stdout
        assert not re.findall(r"--[\w-]+ <(?:list|str|int|float|path)", shown), command


def test_the_version_is_printed() -> None:
    assert taskfit("--version").stdout == f"taskfit {__version__}\n"


def test_a_plan_needs_no_key_and_a_run_says_which(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(STUDY)
    planned = taskfit("plan", "study.toml", "--scenario", "memo-*", cwd=tmp_path, env=KEYLESS)
    assert planned.returncode == 0 and "house" in planned.stdout, planned.stderr
    refused = taskfit("run", "study.toml", "--scenario", "memo-*", cwd=tmp_path, env=KEYLESS)
    assert refused.returncode == 2 and "set HOUSE_KEY" in refused.stderr


def test_a_name_that_is_like_no_other_is_answered_with_what_there_is() -> None:
    names = [f"bug-{at}" for at in range(20)]
    assert str(UnknownName("scenario", "bug-1x", names)).startswith("no scenario named 'bug-1x'; did you mean bug-1")
    told = str(UnknownName("scenario", "zzz", names))
    assert "did you mean" not in told and "there is bug-0" in told and told.endswith("and 12 more")
    assert str(UnknownName("scenario", "zzz", [])) == "no scenario named 'zzz'"


def test_what_is_no_runs_folder_says_what_it_is_instead(tmp_path: Path) -> None:
    run = tmp_path / "2026-11-23-autumn"
    run.mkdir()
    (run / LOCK).write_text("{}")
    with pytest.raises(UserError, match=r"name a run in it, as in .*2026-11-23-autumn"):
        RunFolder(tmp_path).lock()
    with pytest.raises(UserError, match="there is no such folder"):
        RunFolder(tmp_path / "gone").lock()


def test_a_folder_in_the_place_of_a_study_and_bytes_in_the_place_of_text_are_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    for name, told in ((".", "is a folder; name a file in it"), ("bytes.toml", "no text in UTF-8")):
        done = taskfit("run", name, cwd=tmp_path)
        assert done.returncode == 2 and told in done.stderr, done.stderr
