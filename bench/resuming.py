"""A run's folder of 10,000 trials, all but two of them done: how long `taskfit resume` takes to begin the next."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from bench.measuring import store
from bench.rows import Row
from runner.approvers.policy import load_policy
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.runs.lock import lock_of
from runner.scenarios.catalog import builtin_root, load_scenario
from runner.studies.study import Study
from sandboxes.client import Engine

SCENARIOS = 20
APPROVALS = ("gate", "gate:policy", "gate:permissive", "gate:silent", "must_ask")
STUDY = Study(models=("repair", "noop"), repeats=50, approvals=APPROVALS)
LEFT = 2
"""Trials that are still planned, the last ones."""
TURNS = 17
"""Calls of each that the ledger holds."""
MOST_SECONDS = 120.0


def resuming(engine: Engine) -> list[Row]:
    """From the start of the process until the first of the trials that are left is begun, its scenario made ready."""
    program = str(Path(sys.executable).with_name("taskfit"))
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder, "run"))
        keys = nearly_done(run, engine)
        left = [run.trial(key) / "events.jsonl" for key in keys[-LEFT:]]
        _make_ready(program, keys[-1].scenario, folder)
        began = time.monotonic()
        process = subprocess.Popen(
            [program, "resume", str(run.path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while not any(file.exists() for file in left) and time.monotonic() < began + MOST_SECONDS:
            assert process.poll() is None, f"it ended with exit code {process.returncode}"
            time.sleep(0.01)
        seconds = time.monotonic() - began
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    return [Row(f"resume of {len(keys):,} trials, until the next one begins", seconds, "s", None, 5.0)]


def nearly_done(run: RunFolder, engine: Engine) -> list[TrialKey]:
    """A run's folder, its lock a real one, of which the last trials are left; returns all of them."""
    folders = sorted((builtin_root() / "scenarios").iterdir())[:SCENARIOS]
    found = {folder.name: load_scenario(folder) for folder in folders}
    keys = STUDY.keys(found)
    run.path.mkdir(parents=True)
    with closing(Ledger(run.ledger_file)) as ledger:
        ledger.plan(keys)
    done = "UPDATE trials SET state = 'done', verdict = 'unresolved', attempts = 1, seconds = 20.0 WHERE position <= ?"
    with closing(sqlite3.connect(run.ledger_file)) as db, db:
        db.execute(done, (len(keys) - LEFT,))
        db.executemany(
            "INSERT INTO spending (trial, reserved, spent, reserved_tokens, spent_tokens) VALUES (?, 0, 0, 0, 0)",
            ((position,) for position in range(1, len(keys) - LEFT + 1) for _ in range(TURNS)),
        )
    store(run, keys[:-LEFT])
    run.write_lock(lock_of(STUDY, load_policy(), found, engine.description))
    return keys


def _make_ready(program: str, scenario: str, folder: str) -> None:
    """The scenario's image and its proved tests, which a run that was interrupted has left behind."""
    argv = [program, "run", "--model", "noop", "--scenario", scenario, "--out", f"{folder}/ready"]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
