"""A run's folder from anybody: what no run has written is said on a page, never waited for, and hides no other run."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from runner.events.endings import TrialFinished
from runner.events.origins import TrialStarted
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.viewer.place import Place
from runner.viewer.serving import Address, served

KEY = TrialKey(scenario="s", model="m", repeat=1)
PAGES = (
    "",
    "/trials/{0}",
    "/trials/{0}/steps/0",
    "/trials/{0}/steps/0/labels",
    "/trials/{0}/beside?with={0}",
    "/report",
)
Spoil = Callable[[RunFolder], None]


def ledger(change: str) -> Spoil:
    def spoil(run: RunFolder) -> None:
        with closing(sqlite3.connect(run.ledger_file, isolation_level=None)) as db:
            db.execute("PRAGMA ignore_check_constraints = 1")
            db.execute(f"UPDATE trials SET {change}")

    return spoil


def instead(name: str, put: Callable[[Path], None]) -> Spoil:
    def spoil(run: RunFolder) -> None:
        file = run.path / name.format(KEY.name)
        file.unlink(missing_ok=True)
        put(file)

    return spoil


def device(file: Path) -> None:
    """What reads it never comes to an end."""
    file.symlink_to("/dev/zero")


UNSOUND: dict[str, Spoil] = {
    "verdict": ledger("verdict = 'strange'"),
    "state": ledger("state = '<script>'"),
    "repeat": ledger("repeat = 0"),
    "name": ledger("scenario = x'ff00'"),
    "no-ledger": instead("ledger.sqlite", Path.mkdir),
    "result-pipe": instead("trials/{0}/result.json", os.mkfifo),
    "result-device": instead("trials/{0}/result.json", device),
    "lock-device": instead("study.lock.json", device),
    "transcript-pipe": instead("trials/{0}/events.jsonl", os.mkfifo),
    "patch-device": instead("trials/{0}/patch.diff", device),
    "holder-pipe": instead(".holder", os.mkfifo),
    "labels-pipe": instead("labels.jsonl", os.mkfifo),
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, write_trials: Callable[..., RunFolder]) -> Iterator[Address]:
    """Serves each of them, a sound run, and one whose name is no UTF-8."""
    folder = tmp_path_factory.mktemp("runs")
    events = [TrialStarted(key=KEY, attempt=1, image="i", seed=1), TrialFinished(verdict="unresolved")]
    runs = [write_trials(folder / name, {KEY: events}) for name in (*UNSOUND, "sound")]
    for run in runs[:-1]:
        UNSOUND[run.path.name](run)
    runs.append(write_trials(folder / os.fsdecode(b"n\xffme"), {KEY: events}))
    with served(Place(runs)) as found:
        yield found


@pytest.mark.parametrize("name", [*UNSOUND])
def test_what_no_run_has_written_is_told_and_not_waited_for(
    name: str, address: Address, client: Callable[[Address], httpx.Client]
) -> None:
    asked = client(address)
    began = time.monotonic()
    for path in PAGES:
        answer = asked.get(f"/runs/{name}{path.format(KEY.name)}")
        assert "taskfit" in answer.text and "Internal Server Error" not in answer.text, path
        assert answer.status_code in (200, 404) or "This cannot be shown" in answer.text, path
    assert time.monotonic() - began < 25


def test_the_other_runs_are_shown_all_the_same(
    address: Address, client: Callable[[Address], httpx.Client], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    asked = client(address)
    home = asked.get("/")
    assert home.status_code == 200
    assert "the verdict strange, which no trial can be" in home.text
    assert asked.get("/runs/sound").status_code == 200
    assert asked.get("/search?q=verdict:unresolved").status_code == 200


def test_a_folder_whose_name_is_no_utf_8_has_an_address(
    address: Address, client: Callable[[Address], httpx.Client]
) -> None:
    asked = client(address)
    assert 'href="/runs/n%5Cxffme"' in asked.get("/").text
    for path in ("", "/labels", "/labels.csv", f"/trials/{KEY.name}", f"/trials/{KEY.name}/steps/0/labels"):
        assert asked.get(f"/runs/n%5Cxffme{path}").status_code == 200, path
