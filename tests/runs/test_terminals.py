"""Runs whose terminal closes, whose readers leave, or that never had standard streams: nothing of theirs is lost."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.runs.runlog import LOG, read_log
from sandboxes.client import Engine
from sandboxes.reaper import containers

pytestmark = pytest.mark.engine
PROGRAM = str(Path(sys.executable).with_name("taskfit"))
MANY = 50
"""Trials that do not end before something is done to their run, however slow whoever does it is."""
TRIALS = 6
"""Enough that some are not begun when the first has ended."""


class Started:
    """A run of short trials, two at a time."""

    def __init__(self, folder: Path, scenarios: Path) -> None:
        self.out = folder / f"terminal-{uuid.uuid4().hex[:8]}"
        self.words = [PROGRAM, "run", "--model", "noop", "--scenarios", str(scenarios)]
        self.words += ["--out", str(self.out)]

    def start(self, before: tuple[str, ...] = (), repeats: int = TRIALS, **how: Any) -> subprocess.Popen[bytes]:
        self.process = subprocess.Popen([*before, *self.words, "--repeats", str(repeats)], **how)
        return self.process

    def await_first(self) -> None:
        deadline = time.monotonic() + 400
        while not list(self.out.glob("trials/*/result.json")):
            assert time.monotonic() < deadline and self.process.poll() is None
            time.sleep(0.02)

    @property
    def verdicts(self) -> list[str]:
        return [json.loads(file.read_text())["verdict"] for file in self.out.glob("trials/*/result.json")]

    @property
    def last(self) -> tuple[str, str]:
        line = list(read_log(self.out / LOG))[-1]
        return line.kind, line.text


@pytest.fixture
def run(tmp_path: Path, write_scenario: Callable[..., Path]) -> Iterator[Started]:
    found = Started(tmp_path, write_scenario().parent)
    yield found
    if found.process.poll() is None:
        found.process.kill()


def with_terminal() -> None:
    """The process's terminal is the one on its standard streams."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.parametrize("nohup", [False, True])
def test_a_terminal_that_is_closed_ends_a_run_in_order_and_nohup_lets_it_go_on(
    run: Started, engine: Engine, nohup: bool
) -> None:
    ours, its = pty.openpty()
    streams = {"stdin": its, "stdout": its, "stderr": its}
    run.start(
        ("env", f"--{'ignore' if nohup else 'default'}-signal=HUP"),
        TRIALS if nohup else MANY,
        start_new_session=True,
        preexec_fn=with_terminal,
        **streams,
    )
    os.close(its)
    run.await_first()
    os.close(ours)
    code = run.process.wait(800)
    if nohup:
        assert (code, run.verdicts) == (0, ["unresolved"] * TRIALS)
        assert run.last[0] == "ended"
    else:
        assert code == 130
        assert 1 <= len(run.verdicts) < MANY
        assert run.last == ("interrupted", "stopped by SIGHUP")
    assert not [each for each in containers(engine) if each.run == run.out.name]


def test_readers_that_leave_a_pipe_end_nothing(run: Started) -> None:
    run.start(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.process.stdout is not None and run.process.stderr is not None
    run.await_first()
    run.process.stdout.close()
    run.process.stderr.close()
    assert run.process.wait(800) == 0
    assert run.verdicts == ["unresolved"] * TRIALS
    assert run.last[0] == "ended"
    assert (run.out / "report.html").is_file()


def test_a_run_that_is_started_without_standard_streams_runs(run: Started) -> None:
    run.start(("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"))
    assert run.process.wait(800) == 0
    assert run.verdicts == ["unresolved"] * TRIALS
    assert all(b"\0" not in file.read_bytes() for file in run.out.glob("trials/*/events.jsonl"))


def test_a_second_ctrl_c_does_not_wait_for_anybody(run: Started, engine: Engine) -> None:
    run.start((), MANY, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(
        signal.SIGINT, signal.default_int_handler))  # fmt: skip
    run.await_first()
    run.process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    run.process.send_signal(signal.SIGINT)
    _, said = run.process.communicate(timeout=400)
    assert run.process.returncode == 130, said
    assert b"Traceback" not in said
