"""A run's folder: one holder at a time, earlier attempts kept, and damage named."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from runner.errors import FileProblem, RunHeld, UserError
from runner.results import TrialKey, TrialResult
from runner.runs.folder import RunFolder, latest_run
from runner.runs.ledger import Ledger
from runner.runs.reopening import reopened
from runner.trials.trial import write_result
from sandboxes.owner import started

KEY = TrialKey(scenario="s", model="m", repeat=1)
HOLD = """
import sys, time
from pathlib import Path
from runner.runs.folder import RunFolder
with RunFolder(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the folder."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child
        child.kill()


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.lock_file.write_text('{"schema": 1}')
    return folder


def test_trials_are_known_where_the_folder_cannot_be_written_to() -> None:
    """Another user's, or one that was put away."""
    with tempfile.TemporaryDirectory() as place:
        run = RunFolder(Path(place, "run"))
        run.path.mkdir()
        run.lock_file.write_text('{"schema": 1}')
        ledger = Ledger(run.ledger_file)
        ledger.plan([KEY])
        ledger.close()
        for file in [*run.path.iterdir(), run.path, Path(place)]:
            file.chmod(0o555)
        child = os.fork()
        if not child:
            if os.geteuid() == 0:  # for whom no folder is read-only
                os.setuid(65534)
            os._exit(run.keys() == [KEY] and not os.access(run.path, os.W_OK))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
        for folder in (Path(place), run.path):
            folder.chmod(0o700)


def test_a_second_process_is_refused_with_the_firsts_pid(run: RunFolder) -> None:
    with holder(run.path) as child:
        for _ in range(2):
            with pytest.raises(RunHeld, match=rf"in use by process {child.pid};"), run.held():
                pass
        done = subprocess.run([sys.executable, "-c", HOLD, str(run.path)], input="", capture_output=True, text=True)
        assert f"process {child.pid}" in done.stderr


def test_a_holder_on_another_machine_is_named_with_it(run: RunFolder) -> None:
    with holder(run.path):
        (run.path / ".holder").write_text("12\n1.00\nelsewhere\n")
        with pytest.raises(RunHeld, match="in use by process 12 on elsewhere;"), run.held():
            pass


def test_the_folder_is_free_again_when_its_holder_is_killed(run: RunFolder) -> None:
    with holder(run.path) as child:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        with run.held():
            assert (
                run.path / ".holder"
            ).read_text() == f"{os.getpid()}\n{started(os.getpid())}\n{socket.gethostname()}\n"


def test_the_folder_is_free_again_when_its_holder_ends_or_raises(run: RunFolder) -> None:
    with run.held():
        pass
    with pytest.raises(RuntimeError), run.held():
        raise RuntimeError
    with run.held():
        pass
    assert not (run.path / ".holder").exists()


def test_a_folder_is_made_when_it_is_held(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "a" / "b").held():
        assert (tmp_path / "a" / "b").is_dir()


def test_of_many_threads_one_holds_the_folder(run: RunFolder) -> None:
    gate, held, refused = threading.Barrier(8), threading.Event(), threading.Semaphore(0)
    inside: list[int] = []

    def work(number: int) -> None:
        gate.wait()
        try:
            with RunFolder(run.path).held():
                inside.append(number)
                held.wait(200)
        except RunHeld:
            refused.release()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(7):
        assert refused.acquire(timeout=200)
    held.set()
    for thread in threads:
        thread.join()
    assert len(inside) == 1


def test_a_refused_process_leaves_the_holders_name_alone(run: RunFolder) -> None:
    with holder(run.path) as child:
        with pytest.raises(RunHeld), run.held():
            pass
        assert (run.path / ".holder").read_text() == f"{child.pid}\n{started(child.pid)}\n{socket.gethostname()}\n"


# Attempts


def leave(run: RunFolder, text: str) -> None:
    folder = run.trial(KEY)
    (folder / "grading").mkdir(parents=True)
    (folder / "events.jsonl").write_text(text)
    (folder / "grading" / "output.txt").write_text(text)


def test_an_earlier_attempt_is_kept_whole_and_the_next_starts_clean(run: RunFolder) -> None:
    for attempt in (1, 2):
        leave(run, f"attempt {attempt}")
        run.set_aside(KEY, attempt)
        assert [path.name for path in run.trial(KEY).iterdir()] == ["attempts"]
    for attempt in (1, 2):
        kept = run.trial(KEY) / "attempts" / str(attempt)
        assert (kept / "events.jsonl").read_text() == f"attempt {attempt}"
        assert (kept / "grading" / "output.txt").read_text() == f"attempt {attempt}"
    assert run.result(KEY) is None


def test_nothing_to_set_aside_makes_no_folder(run: RunFolder) -> None:
    run.set_aside(KEY, 1)
    assert not run.trial(KEY).exists()
    run.trial(KEY).mkdir(parents=True)
    run.set_aside(KEY, 1)
    assert list(run.trial(KEY).iterdir()) == []


def test_setting_aside_twice_without_a_new_attempt_loses_nothing(run: RunFolder) -> None:
    leave(run, "mine")
    run.set_aside(KEY, 1)
    run.set_aside(KEY, 1)
    assert (run.trial(KEY) / "attempts" / "1" / "events.jsonl").read_text() == "mine"


def test_an_attempt_whose_setting_aside_broke_off_is_kept_whole_and_its_half_written_files_go(run: RunFolder) -> None:
    leave(run, "mine")
    kept = run.trial(KEY) / "attempts" / "1"
    kept.mkdir(parents=True)
    (kept / "patch.diff").write_text("moved before the crash")
    (run.trial(KEY) / "result.json.partial").write_text("{")
    run.set_aside(KEY, 1)
    assert (kept / "patch.diff").read_text() == "moved before the crash"
    assert (kept / "events.jsonl").read_text() == "mine"
    assert list(run.path.rglob("*.partial")) == []


# What it says


def test_results_come_in_the_ledgers_order_and_only_where_they_are(run: RunFolder) -> None:
    keys = [TrialKey(scenario=name, model="a/b", repeat=1) for name in "cab"]
    ledger = Ledger(run.ledger_file)
    ledger.plan(keys)
    ledger.close()
    for key in (keys[2], keys[0]):
        run.trial(key).mkdir(parents=True)
        write_result(run.trial(key), TrialResult(key=key, verdict="resolved"))
    assert run.keys() == keys
    assert [result.key for result in run.results()] == [keys[0], keys[2]]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b'{"schema":2,"key":{"scenario":"s","model":"m","repeat":1},"verdict":"resolved"}',
        b'{"key":{"scenario":"s","model":"m","repeat":1},"verdict":"great"}',
        b'{"key":{"scenario":"s","model":"m","repeat":1},"verdict":"resolved","more":1}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_result_is_named(run: RunFolder, content: bytes) -> None:
    file = run.trial(KEY) / "result.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    with pytest.raises(FileProblem) as caught:
        run.result(KEY)
    assert caught.value.path == file


def test_a_result_that_is_a_folder_is_a_file_problem(run: RunFolder) -> None:
    (run.trial(KEY) / "result.json").mkdir(parents=True)
    with pytest.raises(FileProblem):
        run.result(KEY)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b"{}", b'{"schema": 2}', b"\xff", b"[" * 100_000, b"1" * 5000]
)
def test_a_damaged_lock_is_named(run: RunFolder, content: bytes) -> None:
    run.lock_file.write_bytes(content)
    for ask in (run.lock, run.keys, run.results):
        with pytest.raises(FileProblem) as caught:
            ask()
        assert caught.value.path == run.lock_file


@pytest.mark.parametrize("content", ['{"schema": 1}', '{"schema": 1, "study": {}, "folders": {}, "hashes": {}}'])
def test_a_lock_that_lacks_something_stops_a_resume_with_a_message(run: RunFolder, content: str) -> None:
    """No engine is asked: the lock is read first."""
    run.lock_file.write_text(content)
    none = cast("Any", None)
    with pytest.raises(UserError):
        reopened(run, none, none, none)


def test_what_is_no_runs_folder_says_so_and_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is no run's folder.*study\.lock\.json"):
        RunFolder(tmp_path).keys()
    assert list(tmp_path.iterdir()) == []


def test_the_latest_run_is_the_one_that_was_changed_last(tmp_path: Path) -> None:
    for name, when in (("b", 100), ("a", 300), ("c", 200)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.lock.json").write_text("{}")
        os.utime(tmp_path / name / "study.lock.json", (when, when))
    (tmp_path / "zz-no-run").mkdir()
    (tmp_path / "study.lock.json").write_text("{}")
    assert latest_run(tmp_path).path == tmp_path / "a"


@pytest.mark.parametrize("name", ["empty", "nowhere"])
def test_no_run_at_all_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no run in"):
        latest_run(tmp_path / name)
