"""The load harness: a run without an engine does all that a run does, and comes to an end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.load import MODEL, TURNS
from runner.results import TrialKey
from runner.runs.folder import RunFolder


@pytest.mark.slow
def test_trials_without_an_engine_leave_what_any_trial_leaves(tmp_path: Path) -> None:
    here = Path(__file__).parent.parent
    argv = [sys.executable, "-m", "bench.load", str(tmp_path / "run"), "6", "3", "memory"]
    done = subprocess.run(
        argv, cwd=here, env=os.environ | {"TASKFIT_LOAD_SECONDS": "0.001"}, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    took = json.loads(done.stdout.splitlines()[-1])

    run = RunFolder(tmp_path / "run")
    assert took["done"] == len(run.results()) == 6
    assert 0 < took["ledger_cpu"] < took["cpu"]
    assert took["commits"] >= 6 * 2, "each trial is started and finished"
    place = run.trial(TrialKey(scenario="memo-shared-tags", model=MODEL, repeat=1))
    assert {each.name for each in place.iterdir()} >= {"events.jsonl", "patch.diff", "workspace.tar.gz", "result.json"}
    assert (place / "events.jsonl").read_text().count('"type": "replied"') == TURNS
