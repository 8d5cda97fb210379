"""`taskfit view` from the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from bench.program import taskfit
from runner.results import TrialKey
from runner.runs.folder import LOCK
from runner.runs.ledger import Ledger

TASKFIT = [sys.executable, "-c", "from runner.cli import main; main()", "view"]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / LOCK).write_text('{"schema": 1}')
        ledger = Ledger(folder / "ledger.sqlite")
        ledger.plan([TrialKey(scenario="s", model="m", repeat=1)])
        ledger.close()
    return tmp_path / "runs"


def test_the_address_that_is_printed_opens_the_runs(runs: Path) -> None:
    command = [*TASKFIT, "--no-open"]
    with subprocess.Popen(command, cwd=runs.parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            with httpx.Client() as client:
                assert client.get(address).status_code == 200
                page = client.get(address.partition("?")[0]).text
                (runs / "two").rename(runs / "later")
                grown = client.get(address.partition("?")[0]).text
        finally:
            process.terminate()
    assert "one" in page and "two" in page and "later" not in page
    assert "later" in grown, "a run that has appeared meanwhile"


def test_a_trial_with_an_odd_name_is_opened_by_its_address(runs: Path) -> None:
    key = TrialKey(scenario="50%20 #1?", model="m", repeat=1)
    ledger = Ledger(runs / "one" / "ledger.sqlite")
    ledger.plan([key])
    ledger.close()
    trial = runs / "one" / "trials" / key.name
    trial.mkdir(parents=True)
    with subprocess.Popen([*TASKFIT, "--no-open", str(trial)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            with httpx.Client() as client:
                onward = client.get(address).text
                page = client.get(address.partition("?")[0])
        finally:
            process.terminate()
    assert "50%2520%20%231%3F" in onward
    assert page.status_code == 200 and "50%20 #1?" in page.text.replace("<wbr>", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "is no run's folder"),
        (["runs", "--export", "page.html"], "one run or one trial at a time"),
        (["runs/one", "--redact"], "are for --export"),
        (["runs/one", "--export", "runs"], "is a folder"),
        (["runs/one", "--export", "gone/page.html"], "cannot be written"),
        (["runs/one", "--export", "page.html", "--redact", "--public"], "give one"),
    ],
)
def test_a_mistake_is_told_in_a_line(runs: Path, arguments: list[str], said: str) -> None:
    done = taskfit("view", *arguments, cwd=runs.parent)
    assert done.returncode == 2
    assert said in done.stderr and "Traceback" not in done.stderr


def test_a_page_is_written_where_told(runs: Path) -> None:
    done = subprocess.run(
        [*TASKFIT, "runs/one", "--export", "page.html"], cwd=runs.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout == "page.html\n"
    assert "It has no transcript." in (runs.parent / "page.html").read_text()
