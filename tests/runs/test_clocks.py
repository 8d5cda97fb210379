"""Whole runs whose clock on the wall is set, and that are stopped for a while: nobody is charged, the log says so."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.doubling import OF_UNITTEST
from runner.runs.pulse import BEAT_SECONDS, GAP_SECONDS, Pulse
from runner.runs.runlog import LOG, Happened, read_log

PROGRAM = str(Path(sys.executable).with_name("taskfit"))
ROOT = Path(__file__).parents[2]
CLOCK = """\
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
/* The clock on the wall, moved by the seconds that a file says; all others as they are. */
int clock_gettime(clockid_t id, struct timespec *out) {
    int failed = syscall(SYS_clock_gettime, id, out);
    FILE *file = id == CLOCK_REALTIME && !failed ? fopen(getenv("TEST_CLOCK"), "r") : NULL;
    long seconds = 0;
    if (file) {
        if (fscanf(file, "%ld", &seconds) == 1) out->tv_sec += seconds;
        fclose(file);
    }
    return failed;
}
"""
SLOW = """\
import time
from runner.messages import AssistantMessage, Reply, ToolCall
from runner.models.scripted import Scripted

def works(opening):
    def turn(conversation):
        time.sleep(0.7)
        return Reply(message=AssistantMessage(tool_calls=(ToolCall.of("l", "list_files"),)))
    return Scripted([*[turn] * 6, ToolCall.of("s", "submit", summary="done", confidence=0.5)])
"""
LIMITS = OF_UNITTEST["scenario.toml"].replace("[limits]\n", "[limits]\nminutes = 0.15\n")
"""Nine seconds of work; the model needs some four."""


class Night:
    """A run in a process group of its own, whose clock can be set."""

    def __init__(self, folder: Path, scenarios: Path) -> None:
        self.out = folder / f"clock-{uuid.uuid4().hex[:8]}"
        self.clock = folder / "clock"
        self.words = [PROGRAM, "run", "--model", "python:slow:works", "--scenarios", str(scenarios)]
        (folder / "slow.py").write_text(SLOW)
        self.environment = os.environ | {"PYTHONPATH": f"{folder}:{ROOT}"}

    def start(self, *more: str, clock: Path | None = None, **streams: Any) -> subprocess.Popen[bytes]:
        if clock is not None:
            self.set(0)
            self.environment |= {"LD_PRELOAD": str(clock), "TEST_CLOCK": str(self.clock)}
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} | streams
        words = [*self.words, "--out", str(self.out), *more]
        self.process = subprocess.Popen(words, env=self.environment, start_new_session=True, **streams)
        return self.process

    def set(self, seconds: int) -> None:
        partial = self.clock.with_suffix(".new")
        partial.write_text(str(seconds))
        partial.replace(self.clock)

    def await_work(self, trial: int = 1) -> None:
        """Until a trial's model works."""
        deadline = time.monotonic() + 120
        while not any('"replied"' in file.read_text() for file in self.out.glob(f"trials/*.{trial}/events.jsonl")):
            assert time.monotonic() < deadline
            assert self.process.poll() is None, self.ends()
            time.sleep(0.05)

    def ends(self) -> str:
        said, _ = self.process.communicate(timeout=180)
        return (said or b"").decode()

    @property
    def verdicts(self) -> list[str]:
        return sorted(json.loads(file.read_text())["verdict"] for file in self.out.glob("trials/*/result.json"))

    def log(self, kind: str) -> list[Happened]:
        return [line for line in read_log(self.out / LOG) if line.kind == kind]


@pytest.fixture
def night(tmp_path: Path, write_scenario: Callable[..., Path]) -> Iterator[Night]:
    found = Night(tmp_path, write_scenario(**{"scenario.toml": LIMITS}).parent)
    yield found
    if found.process.poll() is None:
        found.process.kill()


@pytest.fixture(scope="session")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that moves the clock on the wall of a process that it is loaded into."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler and Linux")
    source = tmp_path_factory.mktemp("clock") / "clock.c"
    source.write_text(CLOCK)
    library = source.with_suffix(".so")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    return library


@pytest.mark.engine
def test_a_clock_that_is_set_forwards_and_back_charges_no_trial_and_ends_no_run(night: Night, clock: Path) -> None:
    night.start("--max-minutes", "20", clock=clock)
    night.await_work()
    night.set(3600)
    time.sleep(2)
    night.set(-3600)
    said = night.ends()
    assert night.process.returncode == 0, said
    assert night.verdicts == ["unresolved"], said
    gaps = [line.seconds for line in night.log("clock")]
    assert gaps == [pytest.approx(3600, abs=5), pytest.approx(-7200, abs=5)]
    assert "the machine was suspended, or its clock was set; no trial is charged" in said


@pytest.mark.engine
def test_until_is_by_the_clock_on_the_wall(night: Night, clock: Path) -> None:
    until = (datetime.now() + timedelta(minutes=50)).strftime("%Y-%m-%dT%H:%M:%S")
    night.start("--until", until, "--repeats", "6", "--concurrency", "1", clock=clock)
    night.await_work()
    night.set(3600)
    said = night.ends()
    assert night.process.returncode == 4, said
    assert len(night.verdicts) < 6
    assert night.log("draining") and "until" in night.log("capped")[0].text


@pytest.mark.engine
@pytest.mark.parametrize("whole_group", [False, True])
def test_a_run_that_is_stopped_for_a_while_charges_no_trial_for_it(night: Night, whole_group: bool) -> None:
    tell = os.killpg if whole_group else os.kill
    night.start("--max-minutes", "20")
    night.await_work()
    tell(night.process.pid, signal.SIGSTOP)
    time.sleep(10)
    tell(night.process.pid, signal.SIGCONT)
    said = night.ends()
    assert night.process.returncode == 0, said
    assert night.verdicts == ["unresolved"], "nine seconds are all that it has, and it was stopped for ten"
    [line] = night.log("clock")
    assert line.seconds == pytest.approx(10, abs=2) and "was stopped for" in line.text


def test_a_pulse_leaves_out_what_a_process_lost() -> None:
    code = (
        "import os, time, signal\nfrom runner.runs.pulse import PULSE\n"
        "began, real = PULSE.now(), time.monotonic()\nprint('go', flush=True)\ninput()\n"
        "print(PULSE.now() - began, time.monotonic() - real, PULSE.lost)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None and process.stdout.readline() == "go\n"
    time.sleep(1.0)
    process.send_signal(signal.SIGSTOP)
    time.sleep(GAP_SECONDS + 2)
    process.send_signal(signal.SIGCONT)
    counted, real, lost = map(float, process.communicate("\n", timeout=30)[0].split())
    assert real == pytest.approx(counted + lost, abs=0.1)
    assert lost == pytest.approx(GAP_SECONDS + 2, abs=2 * BEAT_SECONDS + 0.5)


def test_a_thread_that_is_busy_for_long_is_no_stop() -> None:
    pulse = Pulse()
    began, real = pulse.now(), time.monotonic()
    time.sleep(GAP_SECONDS + 1)
    assert pulse.now() - began == pytest.approx(time.monotonic() - real, abs=0.1)
