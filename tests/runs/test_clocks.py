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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.doubling import OF_UNITTEST
from runner.pulse import BEAT_SECONDS, GAP_SECONDS, Pulse
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
import os, time
from runner.messages import AssistantMessage, Reply, ToolCall
from runner.models.scripted import Scripted

def works(opening):
    def turn(conversation):
        while len(conversation) > 3 and not os.path.exists(os.environ["TEST_GO"]):
            time.sleep(0.02)
        return Reply(message=AssistantMessage(tool_calls=(ToolCall.of("l", "list_files"),)))
    return Scripted([*[turn] * 6, ToolCall.of("s", "submit", summary="done", confidence=0.5)])
"""
LIMITS = OF_UNITTEST["scenario.toml"].replace("[limits]\n", "[limits]\nminutes = 0.15\n")
"""Nine seconds of work; the model needs next to none, once it may go on after its first turn."""


class Night:
    """A run in a process group of its own, whose clock can be set."""

    def __init__(self, folder: Path, scenarios: Path) -> None:
        self.out = folder / f"clock-{uuid.uuid4().hex[:8]}"
        self.clock, self.go = folder / "clock", folder / "go"
        self.words = [PROGRAM, "run", "--model", "python:slow:works", "--scenarios", str(scenarios)]
        (folder / "slow.py").write_text(SLOW)
        self.environment = os.environ | {"PYTHONPATH": f"{folder}:{ROOT}", "TEST_GO": str(self.go)}

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
        files = f"trials/*.{trial}/events.jsonl"
        self._until(lambda: any('"replied"' in file.read_text() for file in self.out.glob(files)))

    def await_log(self, kind: str, times: int = 1) -> None:
        self._until(lambda: len(self.log(kind)) >= times)

    def _until(self, claim: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 400
        while not claim():
            assert time.monotonic() < deadline
            assert self.process.poll() is None, self.ends()
            time.sleep(0.05)

    def ends(self) -> str:
        """What it has said at its end; no model waits any longer."""
        self.go.touch()
        said, _ = self.process.communicate(timeout=400)
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
    night.await_log("clock")
    night.set(-3600)
    night.await_log("clock", 2)
    said = night.ends()
    assert night.process.returncode == 0, said
    assert night.verdicts == ["unresolved"], said
    gaps = [line.seconds for line in night.log("clock")]
    assert gaps == [pytest.approx(3600, abs=5), pytest.approx(-7200, abs=5)]
    assert "the machine was suspended, or its clock was set; no trial is charged" in said


@pytest.mark.engine
def test_until_is_by_the_clock_on_the_wall(night: Night, clock: Path) -> None:
    until = (datetime.now(UTC) + timedelta(minutes=50)).isoformat(timespec="seconds")
    night.start("--until", until, "--repeats", "6", "--concurrency", "1", clock=clock)
    night.await_work()
    night.set(3600)
    night.await_log("draining")
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
    began = time.monotonic()
    time.sleep(10)
    stopped = time.monotonic() - began
    tell(night.process.pid, signal.SIGCONT)
    said = night.ends()
    assert night.process.returncode == 0, said
    assert night.verdicts == ["unresolved"], "nine seconds are all that it has, and it was stopped for ten"
    [line] = night.log("clock")
    assert line.seconds == pytest.approx(stopped, abs=2) and "was stopped for" in line.text


def test_a_pulse_leaves_out_what_a_process_lost() -> None:
    code = (
        "import os, time, signal\nfrom runner.pulse import PULSE\n"
        "moments = [time.monotonic(), PULSE.now(), time.monotonic()]\nprint('go', flush=True)\ninput()\n"
        "moments += [time.monotonic(), PULSE.now(), time.monotonic()]\nprint(*moments, PULSE.lost)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None and process.stdout.readline() == "go\n"
    time.sleep(1.0)
    process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    time.sleep(GAP_SECONDS + 2)
    stopped = time.monotonic() - began
    process.send_signal(signal.SIGCONT)
    *moments, lost = map(float, process.communicate("\n", timeout=200)[0].split())
    least, counted, most = between(moments)
    assert least <= counted + lost <= most
    assert lost == pytest.approx(stopped, abs=2 * BEAT_SECONDS + 0.5)


def test_a_thread_that_is_busy_for_long_is_no_stop() -> None:
    pulse = Pulse()
    moments = [time.monotonic(), pulse.now(), time.monotonic()]
    time.sleep(GAP_SECONDS + 1)
    least, counted, most = between([*moments, time.monotonic(), pulse.now(), time.monotonic()])
    assert least <= counted <= most


def between(moments: list[float]) -> tuple[float, float, float]:
    """Two looks at a pulse, each between two at a clock: the least that may have passed, what it counted, the most."""
    before, first, after, before_again, second, after_again = moments
    slack = 1e-6
    return before_again - after - slack, second - first, after_again - before + slack
