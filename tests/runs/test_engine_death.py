"""An engine of its own is killed in the middle of a run, and comes back."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.runs.ledger import Ledger

pytestmark = [pytest.mark.engine, pytest.mark.slow]
PROGRAM = str(Path(sys.executable).with_name("taskfit"))


def test_a_run_outlives_its_engine(daemon: Any, tmp_path: Path, write_scenario: Callable[..., Path]) -> None:
    places = str(write_scenario().parent)
    for name in ("second", "third", "fourth"):
        write_scenario(name)
    out = tmp_path / "out"
    environment = os.environ | {"DOCKER_HOST": daemon.host, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    argv = [PROGRAM, "run", "--model", "oracle", "--repeats", "2", "--scenarios", places, "--out", str(out), "--json"]
    run = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 400
    while len(list(out.glob("trials/*/result.json"))) < 2:
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.02)
    daemon.end(signal.SIGKILL)
    time.sleep(2)
    daemon.start()
    stdout, stderr = run.communicate(timeout=800)
    assert run.returncode == 0, stderr
    assert json.loads(stdout)["models"]["oracle"]["verdicts"] == {"resolved": 8}
    with contextlib.closing(Ledger(out / "ledger.sqlite")) as ledger:
        rows = ledger.rows()
    assert sum(row.attempts for row in rows) > len(rows), "some were under way when the engine died"
    assert not any(row.failures for row in rows), "that it died counts against no trial"
