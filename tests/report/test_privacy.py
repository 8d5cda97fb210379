"""What is written for sharing: no name, path, code or word of a private scenario is in it, and every number is."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from bench import program
from runner.errors import UserError
from runner.report.page import html
from runner.report.privacy import View
from runner.report.withheld import withheld
from runner.runs.folder import RunFolder

WriteScenario = Callable[..., Path]
WriteRun = Callable[..., RunFolder]
MARK = "zqxmark"
"""In everything private, and nowhere else."""
SCENARIO = f"""\
schema = 1
title = "{MARK} title"
repo = "{MARK}-repo"
tags = ["{MARK}-tag"]
[tests]
fail_to_pass = ["tests/test_{MARK}.py::test_{MARK}"]
[truth]
locations = ["src/{MARK}.py::double_{MARK}"]
[provenance]
source = "{MARK}"
canary = "{MARK}"
[limits]
turns = 12
command_seconds = 20
test_seconds = 5
"""
NAMES = [f"{MARK}-{name}" for name in ("doubling", "again", "once-more")]
CODE = f"def double_{MARK}(x):\n    return x + 2\n"
TEST = f"from {MARK} import double_{MARK}\n\n\ndef test_{MARK}():\n    assert double_{MARK}(3) == 6, '{MARK}'\n"
FIX = f"""\
--- a/src/{MARK}.py
+++ b/src/{MARK}.py
@@ -1,2 +1,2 @@
 def double_{MARK}(x):
-    return x + 2
+    return x * 2
"""


def taskfit(cwd: Path, *words: str, code: int = 0) -> bytes:
    done = program.run(words, cwd)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout


@pytest.fixture(scope="module")
def private_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of oracle, noop and repair on private scenarios, in a folder whose name is private, too."""
    root = tmp_path_factory.mktemp("private")
    files = {
        f"repos/{MARK}-repo/repo.toml": f'schema = 1\ntitle = "{MARK}"\n[source]\npath = "source"\n',
        f"repos/{MARK}-repo/source/pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\n',
        f"repos/{MARK}-repo/source/src/{MARK}.py": CODE,
        f"repos/{MARK}-repo/source/tests/test_old.py": f"def test_old_{MARK}():\n    pass\n",
    }
    for name in NAMES:
        files |= {
            f"scenarios/{name}/scenario.toml": SCENARIO,
            f"scenarios/{name}/instruction.md": f"double_{MARK}(3) of src/{MARK}.py gives 5, I expected 6.\n",
            f"scenarios/{name}/solution/solution.patch": FIX,
            f"scenarios/{name}/tests/tests/test_{MARK}.py": TEST,
        }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    models = ["--model", "oracle", "--model", "noop", "--model", "repair"]
    taskfit(root, "run", *models, "--scenarios", "scenarios", "--out", f"{MARK}-night")
    return root


def numbers(report: dict[str, Any]) -> dict[str, Any]:
    """A JSON report without what names trials."""
    models = json.loads(json.dumps(report["models"]))
    for profile in models.values():
        for finding in profile.values():
            if isinstance(finding, dict):
                finding.pop("evidence", None)
    trials = [
        {name: value for name, value in trial.items() if name in ("verdict", "counts", "tests", "usage", "times")}
        for trial in report["trials"]
    ]
    return {"models": models, "trials": trials, "planned": report["planned"], "pareto": report["pareto"]}


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.xdist_group("privacy")
def test_the_local_outputs_do_hold_the_marks(private_run: Path) -> None:
    assert MARK.encode() in taskfit(private_run, "report", f"{MARK}-night", "--json")
    assert MARK.encode() in taskfit(private_run, "export", f"{MARK}-night")
    assert f"{MARK}-doubling" in (private_run / f"{MARK}-night" / "report.html").read_text()


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.xdist_group("privacy")
@pytest.mark.parametrize("table", ["trials", "measures"])
@pytest.mark.parametrize("form", ["csv", "markdown", "junit", "parquet"])
def test_no_export_holds_a_mark(private_run: Path, form: str, table: str) -> None:
    words = ("export", f"{MARK}-night", "--format", form, "--table", table)
    data = taskfit(private_run, *words, "--redact")
    assert MARK.encode() not in data.lower()
    if form == "parquet":
        rows = parquet.read_table(io.BytesIO(data)).to_pylist()
        assert rows
        assert MARK not in repr(rows)
    if table == "measures" and form != "junit":
        assert data == taskfit(private_run, *words)


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.xdist_group("privacy")
def test_neither_page_nor_json_nor_table_holds_a_mark_and_the_numbers_stay(private_run: Path) -> None:
    run = f"{MARK}-night"
    told = taskfit(private_run, "report", run, "--json", "--redact")
    assert MARK.encode() not in told.lower()
    redacted, local = json.loads(told), json.loads(taskfit(private_run, "report", run, "--json"))
    assert numbers(redacted) == numbers(local)
    assert redacted["privacy"]["mode"] == "redacted"
    assert {trial["key"]["scenario"] for trial in redacted["trials"]} == {"scenario-01", "scenario-02", "scenario-03"}
    assert MARK.encode() not in taskfit(private_run, "report", run, "--redact").lower()

    taskfit(private_run, "report", run, "--html", "--redact")
    page = (private_run / run / "report-redacted.html").read_text()
    assert MARK not in page.lower()
    assert str(private_run) not in page
    assert "Redacted: names, paths, tests, code and words of 3 private scenarios are replaced" in page
    whole = (private_run / run / "report.html").read_text()
    found, expected = (
        re.findall(r"<td[^>]*>(?:<[^>]*>)*[^<]*\d[^<]*(?:<span[^>]*>[^<]*)*", text) for text in (page, whole)
    )
    assert len(found) > 50
    assert found == expected


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.xdist_group("privacy")
def test_the_public_part_of_a_private_run_is_nothing(private_run: Path) -> None:
    taskfit(private_run, "report", f"{MARK}-night", "--public", code=2)
    taskfit(private_run, "export", f"{MARK}-night", "--public", code=2)
    taskfit(private_run, "export", f"{MARK}-night", "--public", "--redact", code=2)


@pytest.fixture
def mixed(write_run: WriteRun, planned: type) -> RunFolder:
    """Two scenarios of which one is private, a model that talks, and a trial that the harness failed."""
    words = f"{MARK} wrote src/{MARK}.py"
    trials = [
        planned(name, model, verdict, repo=repo, words=said, repeat=repeat)
        for name, repo, said in (("open", "ledger", "as everybody knows"), (f"{MARK}-secret", f"{MARK}-repo", words))
        for model in ("m", "n")
        for repeat, verdict in ((1, "resolved"), (2, "unresolved"), (3, "infra_error"))
    ]
    run = write_run(trials)
    lock = json.loads(run.lock_file.read_text())
    lock["built_in"] = ["open"]
    lock["study"] |= {"policy": f"/home/{MARK}/policy.toml", "failed_run": MARK, "select": [MARK]}
    lock["study"] |= {"start": ["fork:early"], "forks": {"early": {"trials": [f"/home/{MARK}@3"], "prompt": MARK}}}
    lock["hashes"]["forks"] = {"early": "ef" * 32}
    lock["folders"] = {f"{MARK}-secret": f"/home/{MARK}", "open": "/home/open"}
    for group in ("told", "limits", "scenarios"):
        lock["hashes"][group] = {f"{MARK}-secret": "ab" * 32, "open": "cd" * 32}
    run.lock_file.write_text(json.dumps(lock))
    return run


def test_what_models_said_is_withheld_on_private_trials_alone(mixed: RunFolder) -> None:
    page = html(mixed, lambda text: None, "redacted")
    assert MARK not in page
    assert "as everybody knows" in page
    assert withheld(f"{MARK} wrote src/{MARK}.py") in page
    assert "scenario-01" in page
    assert "open" in page
    assert MARK in html(mixed, lambda text: None)


def test_the_public_part_counts_public_trials_alone_and_says_so(mixed: RunFolder) -> None:
    page = html(mixed, lambda text: None, "public")
    assert MARK not in page
    assert "Public part: 1 private scenario left out" in page
    assert "6 of 6 planned trials" in page


def test_the_local_page_says_how_to_share_it(mixed: RunFolder) -> None:
    assert "Local: holds 1 private scenario" in html(mixed, lambda text: None)


def test_files_that_cannot_be_read_are_counted_and_not_named(mixed: RunFolder) -> None:
    (mixed.path / "trials" / f"{MARK}-secret.m.control.1" / "events.jsonl").write_text("{")
    (mixed.path / "trials" / f"{MARK}-secret.n.control.1" / "result.json").write_text("{")
    told: list[str] = []
    page = html(mixed, told.append, "redacted")
    assert MARK not in page
    assert f"{len(told)} files, whose names are withheld" in page
    assert any(MARK in each for each in told), "the user, who is at home, is told their names"


def test_a_result_that_names_another_scenario_is_private(mixed: RunFolder) -> None:
    file = mixed.path / "trials" / "open.m.control.1" / "result.json"
    file.write_text(file.read_text().replace('"open"', f'"{MARK}-forged"'))
    view = View(mixed, "redacted")
    planned = view.keys()
    results = [view.result(result) for key in planned if (result := mixed.result(key)) is not None]
    assert MARK not in "".join(result.model_dump_json() for result in results)


@pytest.mark.parametrize("built_in", [None, "open", {"open": 1}, [1, None]])
def test_of_a_run_that_does_not_say_what_is_public_all_is_private(mixed: RunFolder, built_in: object) -> None:
    lock = json.loads(mixed.lock_file.read_text()) | {"built_in": built_in}
    mixed.lock_file.write_text(json.dumps(lock))
    assert View(mixed, "redacted").private == {"open", f"{MARK}-secret"}
    with pytest.raises(UserError, match="--public leaves nothing"):
        View(mixed, "public")


def test_pseudonyms_are_the_same_each_time(mixed: RunFolder) -> None:
    assert html(mixed, lambda text: None, "redacted") == html(mixed, lambda text: None, "redacted")
