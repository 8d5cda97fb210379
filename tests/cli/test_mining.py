"""`taskfit scenarios mine` and `add` from the command line, on a real repository, to a run over what was kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import program
from histories import FIX, MESSAGE, START, Repository
from sandboxes.archive import read_folder

pytestmark = pytest.mark.engine
PROJECT = {
    **START,
    "pyproject.toml": '[build-system]\nrequires = ["setuptools>=64"]\nbuild-backend = "setuptools.build_meta"\n'
    '[project]\nname = "cart"\nversion = "1.0"\n[tool.setuptools]\npackage-dir = {"" = "src"}\npy-modules = ["cart"]\n',
}
TAX = "Fix the tax of carts\n\nCart().tax() gives 1 where the price list says 2 for everything.\n"


def taskfit(cwd: Path, *words: str, code: int = 0) -> str:
    done = program.taskfit(*words, cwd=cwd)
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


def mined(cwd: Path, *words: str, code: int = 0) -> dict[str, Any]:
    """Code → outcomes."""
    found: dict[str, Any] = {}
    for each in json.loads(taskfit(cwd, "scenarios", "mine", "shop", "--to", "pack", "--json", *words, code=code)):
        found.setdefault(each["code"], []).append(each)
    return found


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "shop")
    made.commit(PROJECT, "Start")
    made.commit({"README.md": "# Carts\n"}, "Say more")
    made.commit(FIX)
    return made


def test_from_a_history_to_a_run_and_what_is_new_alone_the_second_time(repository: Repository, tmp_path: Path) -> None:
    before = read_folder(repository.folder)
    first = mined(tmp_path)
    assert {code: len(each) for code, each in first.items()} == {"ok": 1, "no-tests": 1, "root-commit": 1}
    assert read_folder(repository.folder) == before, "the repository is only read"
    (kept,) = first["ok"]
    assert (kept["fail_to_pass"], kept["pass_to_pass"]) == (1, 1)

    tests = repository.folder / "tests" / "test_cart.py"
    source = repository.folder / "src" / "cart.py"
    repository.commit(
        {
            "src/cart.py": source.read_text().replace("return 1", "return 2"),
            "tests/test_cart.py": tests.read_text() + "\n\ndef test_tax():\n    assert Cart().tax() == 2\n",
        },
        TAX,
    )
    second = mined(tmp_path)
    assert [each["key"] for each in second["ok"]] == [repository.head(), kept["key"]]
    assert second["ok"][1] == kept
    lines = (tmp_path / "pack" / "journal.jsonl").read_text().splitlines()
    assert len(lines) == 2, "what is known is not proved again"

    report = json.loads(
        taskfit(
            tmp_path, "run", "--scenarios", "pack", "--model", "oracle", "--model", "noop", "--out", "run", "--json"
        )
    )
    assert report["models"]["oracle"]["resolved"]["value"] == 1.0
    assert report["models"]["noop"]["resolved"]["value"] == 0.0
    listed = json.loads(taskfit(tmp_path, "scenarios", "list", "--scenarios", "pack", "--json"))
    assert {each["provenance"]["fix"] for each in listed} == {repository.head(), kept["key"]}
    seen = taskfit(tmp_path, "scenarios", "show", kept["id"], "--scenarios", "pack", "--as-model")
    assert "every caller expects 3" in seen
    assert "items[1:]" not in seen
    assert "test_two" not in seen


def test_one_commit_is_added_with_an_instruction_of_ones_own(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "issue.md").write_text("# Totals\n\nTwo items cost as much as the second one.\n")
    words = (
        "scenarios",
        "add",
        "shop",
        "--fix",
        repository.head(),
        "--instruction",
        "issue.md",
        "--to",
        "pack",
        "--json",
    )
    (outcome,) = json.loads(taskfit(tmp_path, *words))
    folder = tmp_path / "pack" / "scenarios" / outcome["id"]
    assert (folder / "instruction.md").read_text() == "# Totals\n\nTwo items cost as much as the second one.\n"
    (folder / "instruction.md").write_text("Mine.\n")
    (again,) = json.loads(taskfit(tmp_path, *words, "--json"))
    assert again == outcome
    assert (folder / "instruction.md").read_text() == "Mine.\n", "what is kept is not made again"


def test_a_patch_and_tests_made_by_hand_are_added_and_what_they_repeat_is_named(
    repository: Repository, tmp_path: Path, scenario_writer: Callable[[Path], Callable[..., Path]]
) -> None:
    scenario_writer(tmp_path / "pack")("theirs", **{"instruction.md": MESSAGE})
    fix = repository.git("diff", "HEAD~1", "HEAD", "--", "src")
    tests = repository.git("diff", "HEAD~1", "HEAD", "--", "tests")
    (tmp_path / "fix.diff").write_text(fix + "\n")
    (tmp_path / "tests.diff").write_text(tests + "\n")
    (tmp_path / "issue.md").write_text(MESSAGE)
    words = ("--patch", "fix.diff", "--tests", "tests.diff", "--instruction", "issue.md", "--base", "HEAD~1")
    done = program.taskfit("scenarios", "add", "shop", *words, "--to", "pack", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (outcome,) = json.loads(done.stdout)
    assert (outcome["code"], outcome["fail_to_pass"]) == ("ok", 1), outcome
    said = " ".join(done.stderr.split())
    command = re.search(rf"taskfit (scenarios duplicates pack --pair {outcome['id']} theirs)", said)
    assert command is not None, said
    shown = taskfit(tmp_path, *command[1].split())
    assert re.search(r"the issue +instruction 1.00, meaning 1.00", shown)


def test_an_environment_of_ones_own_is_another_question(repository: Repository, tmp_path: Path) -> None:
    own = 'schema = 1\ntitle = "x"\n[source]\npath = "."\n[environment]\ninstall = ["exit 7"]\n'
    (tmp_path / "own.toml").write_text(own)
    refused = mined(tmp_path, "--repo", "own.toml", code=1)
    assert len(refused["image-does-not-build"]) == 1
    assert len(mined(tmp_path)["ok"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("shop", "--to", "shop/pack"), "only read; name a folder outside with --to"),
        (("nowhere",), "no such folder"),
        (("ext::sh -c id",), "is no address"),
        (("shop", "--since", "yesterday"), "write it as in 2026-01-31"),
        (("shop", "--rev", "no-such-branch"), "no commit is named"),
        (("shop", "--issues", "none.json"), "none.json"),
        (("shop", "--repo", "none.toml"), "none.toml"),
    ],
)
def test_mistakes_are_told_and_change_nothing(
    repository: Repository, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    before = read_folder(repository.folder)
    done = program.taskfit("scenarios", "mine", *words, cwd=tmp_path)
    assert (done.returncode, said in " ".join(done.stderr.split())) == (2, True), done.stderr
    assert "Traceback" not in done.stderr
    assert read_folder(repository.folder) == before
