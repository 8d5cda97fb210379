"""What a night does: an interrupted one is gone on with, its own gets a folder of its own, none runs beside another."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from runner.errors import UserError
from runner.nightly.night import Step, steps, work
from runner.results import TrialKey
from runner.runs.budget import next_moment
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger

BEGAN = datetime.fromisoformat("2026-11-24T22:00").astimezone()
KEYS = [TrialKey(scenario="s", model="m", repeat=n) for n in (1, 2)]

PROGRAM = """\
import json, pathlib, signal, sys, time
def note(words):
    with open({log!r}, "a") as log:
        log.write(json.dumps(words) + "\\n")
def stop(number, frame):
    note(["stopped in order"])
    sys.exit(130)
signal.signal(signal.SIGTERM, stop)
plan = json.loads(pathlib.Path({plan!r}).read_text())
step = plan.pop(0)
pathlib.Path({plan!r}).write_text(json.dumps(plan))
note(sys.argv[1:])
time.sleep(max(0, step.get("until", 0) - time.time()) + step.get("seconds", 0))
if step:
    sys.path.insert(0, {root!r})
    from runner.runs.ledger import Ledger
    from runner.runs.runlog import LOG, RunLog
if step.get("finishes"):
    ledger = Ledger(pathlib.Path(sys.argv[2]) / "ledger.sqlite")
    for row in ledger.rows():
        if row.state == "planned":
            ledger.start(row.position)
            ledger.finish(row.position, "resolved")
for kind in step.get("log", ()):
    RunLog(pathlib.Path(sys.argv[2]) / LOG).add(kind, "x")
sys.exit(step.get("code", 0))
"""


def night(runs: Path, name: str, done: int) -> Path:
    """A night's folder with two trials."""
    folder = RunFolder(runs / name)
    folder.path.mkdir(parents=True)
    folder.lock_file.write_text('{"schema": 1}')
    ledger = Ledger(folder.ledger_file)
    ledger.plan(KEYS)
    for position in range(1, done + 1):
        ledger.start(position)
        ledger.finish(position, "resolved")
    ledger.close()
    return folder.path


def test_the_first_night_begins_a_run_named_by_its_date(tmp_path: Path) -> None:
    assert steps(tmp_path / "runs", "autumn", BEGAN) == [Step("run", tmp_path / "runs/2026-11-24-autumn")]


def test_an_interrupted_night_is_gone_on_with_before_tonights_begins(tmp_path: Path) -> None:
    night(tmp_path, "2026-11-22-autumn", 1)
    last = night(tmp_path, "2026-11-23-autumn", 1)
    assert steps(tmp_path, "autumn", BEGAN) == [Step("resume", last), Step("run", tmp_path / "2026-11-24-autumn")]


def test_a_night_that_is_done_is_left_alone(tmp_path: Path) -> None:
    night(tmp_path, "2026-11-23-autumn", 2)
    assert steps(tmp_path, "autumn", BEGAN) == [Step("run", tmp_path / "2026-11-24-autumn")]
    tonight = night(tmp_path, "2026-11-24-autumn", 1)
    assert steps(tmp_path, "autumn", BEGAN) == [Step("resume", tonight)], "tonight's own, interrupted"
    ledger = Ledger(tonight / "ledger.sqlite")
    ledger.start(2)
    ledger.finish(2, "resolved")
    ledger.close()
    assert steps(tmp_path, "autumn", BEGAN) == []


def test_a_run_of_a_later_date_lets_a_night_that_has_run_alone(tmp_path: Path) -> None:
    """The clock was once ahead by a day."""
    night(tmp_path, "2026-11-25-autumn", 2)
    assert steps(tmp_path, "autumn", BEGAN) == [Step("run", tmp_path / "2026-11-24-autumn")]
    tonight = night(tmp_path, "2026-11-24-autumn", 1)
    assert steps(tmp_path, "autumn", BEGAN) == [Step("resume", tonight)]
    night(tmp_path, "2026-11-26-autumn", 2)
    (tonight / ".holder").write_text(f"{os.getpid()}\n")
    with pytest.raises(UserError, match="still being worked on"):
        steps(tmp_path, "autumn", BEGAN)


def test_other_studies_and_whatever_else_lies_there_are_no_nights_of_it(tmp_path: Path) -> None:
    night(tmp_path, "2026-11-23-autumn-2", 1)
    night(tmp_path, "2026-11-23-early-autumn", 1)
    (tmp_path / "2026-11-23-autumn").mkdir()
    (tmp_path / "notes").write_text("x")
    assert steps(tmp_path, "autumn", BEGAN) == [Step("run", tmp_path / "2026-11-24-autumn")]


def test_no_night_begins_beside_one_that_still_works(tmp_path: Path) -> None:
    last = night(tmp_path, "2026-11-23-autumn", 1)
    (last / ".holder").write_text(f"{os.getpid()}\n")
    with pytest.raises(UserError, match=f"still being worked on by process {os.getpid()}"):
        steps(tmp_path, "autumn", BEGAN)


class Program:
    """A stand-in for taskfit, a process that does as it is told."""

    def __init__(self, folder: Path, *plan: dict[str, object]) -> None:
        self.plan, self.log, file = folder / "plan.json", folder / "log", folder / "program.py"
        self.plan.write_text(json.dumps(plan))
        root = str(Path(__file__).parents[2])
        file.write_text(PROGRAM.format(root=root, plan=str(self.plan), log=str(self.log)))
        self.words = (sys.executable, str(file))

    @property
    def did(self) -> list[list[str]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def two(tmp_path: Path) -> list[Step]:
    return [Step("resume", night(tmp_path, "2026-11-23-autumn", 1)), Step("run", tmp_path / "2026-11-24-autumn")]


def test_both_are_done_one_after_the_other(tmp_path: Path) -> None:
    todo = two(tmp_path)
    program = Program(tmp_path, {"finishes": True}, {"code": 1})
    assert work(todo, program.words, Path("/s.toml"), None, print) == 1
    assert program.did == [["resume", str(todo[0].folder)], ["run", "/s.toml", "--out", str(todo[1].folder)]]


@pytest.mark.parametrize(("code", "begun"), [(2, 2), (130, 1), (1, 1), (4, 1), (0, 1)])
def test_only_a_run_that_can_no_longer_go_on_is_passed_over(tmp_path: Path, code: int, begun: int) -> None:
    program = Program(tmp_path, {"code": code}, {})
    work(two(tmp_path), program.words, Path("/s.toml"), None, print)
    assert len(program.did) == begun


def test_a_run_that_only_its_caps_hold_back_keeps_no_other_from_beginning(tmp_path: Path) -> None:
    program = Program(tmp_path, {"code": 4, "log": ["resumed", "late", "resumed", "holding", "capped"]}, {})
    work(two(tmp_path), program.words, Path("/s.toml"), None, print)
    assert [each[0] for each in program.did] == ["resume", "run"]


@pytest.mark.parametrize(("why", "code"), [("late", 1), ("draining", 1), ("halted", 1), ("retried", 130)])
def test_a_run_that_the_time_or_a_fault_held_back_too_is_first_the_next_night(
    tmp_path: Path, why: str, code: int
) -> None:
    program = Program(tmp_path, {"code": code, "log": ["resumed", why, "capped"]}, {})
    work(two(tmp_path), program.words, Path("/s.toml"), None, print)
    assert [each[0] for each in program.did] == ["resume"]


def test_each_run_is_told_when_the_night_ends(tmp_path: Path) -> None:
    todo, ends = two(tmp_path), datetime.now().astimezone() + timedelta(hours=1)
    program = Program(tmp_path, {"finishes": True}, {})
    work(todo, program.words, Path("/s.toml"), ends, print)
    assert [each[-2:] for each in program.did] == [["--until", ends.isoformat()]] * 2
    assert next_moment(ends.isoformat(), ends - timedelta(minutes=1)) == ends


def test_after_the_nights_end_nothing_begins(tmp_path: Path) -> None:
    todo, ends = two(tmp_path), datetime.now().astimezone() + timedelta(seconds=2)
    program = Program(tmp_path, {"finishes": True, "until": ends.timestamp()}, {})
    work(todo, program.words, Path("/s.toml"), ends, print)
    assert [each[0] for each in program.did] == ["resume"]


def test_a_run_that_works_on_after_the_nights_end_is_stopped_in_order(tmp_path: Path) -> None:
    program = Program(tmp_path, {"seconds": 600}, {})
    ends, patience = datetime.now().astimezone() + timedelta(seconds=2), timedelta(seconds=2)
    started = time.monotonic()
    assert work(two(tmp_path), program.words, Path("/s.toml"), ends, print, patience=patience) == 130
    assert 3.5 < time.monotonic() - started < 200
    assert [each[0] for each in program.did] == ["resume", "stopped in order"]


def test_whoever_stops_the_timers_process_stops_the_run_in_order(tmp_path: Path) -> None:
    program = Program(tmp_path, {"seconds": 600})
    code = (
        "import sys, pathlib\nfrom runner.nightly.night import Step, work\n"
        f"sys.exit(work([Step('run', pathlib.Path('/x'))], {list(program.words)!r}, pathlib.Path('/s'), None, print))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    while not program.log.exists():
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(200) == 130
    assert program.did[-1] == ["stopped in order"]
