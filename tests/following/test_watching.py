"""A run seen from outside: the same figures, nothing touched, and whoever holds it told apart from whoever did."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.program import taskfit
from runner.errors import FileProblem, UserError
from runner.events import Event, Graded, Replied, Submitted, ToolReturned, TrialStarted
from runner.following.activity import Activities, activity
from runner.following.notes import Standstill, notes, standstill
from runner.following.watching import Watcher
from runner.messages import AssistantMessage, Reply
from runner.results import Submission, Times, TrialKey, TrialResult
from runner.runs.folder import RunFolder
from runner.runs.holder import holder_of
from runner.runs.ledger import Ledger
from runner.runs.ledger_view import look
from runner.runs.runlog import LOG, Kind, RunLog
from runner.trials.transcript import Transcript
from runner.trials.trial import write_result

KEYS = [TrialKey(scenario=f"s{n}", model=model, repeat=1) for n in range(3) for model in ("a", "b")]


def replied(turn: int, text: str = "") -> Replied:
    return Replied(turn=turn, reply=Reply(message=AssistantMessage(text=text)))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Six trials: two done, one under way, three to come."""
    folder = RunFolder(tmp_path / "night")
    folder.path.mkdir()
    lock = {"schema": 1, "study": {"concurrency": 2, "budget": {"usd": 5.0}}}
    folder.lock_file.write_text(json.dumps(lock))
    ledger = Ledger(folder.ledger_file)
    ledger.plan(KEYS)
    for position, verdict in ((1, "resolved"), (2, "unresolved"), (3, None)):
        ledger.start(position)
        ledger.settle(ledger.reserve(position, 1.0), 0.25)
        key = KEYS[position - 1]
        folder.trial(key).mkdir(parents=True)
        if verdict is None:
            ledger.reserve(position, 1.0)
            continue
        write_result(folder.trial(key), TrialResult(key=key, verdict=verdict, times=Times(total=20.0 + position)))  # type: ignore[arg-type]
        ledger.finish(position, verdict)  # type: ignore[arg-type]
    ledger.close()
    with Transcript(folder.trial(KEYS[2]) / "events.jsonl") as transcript:
        transcript.append(TrialStarted(key=KEYS[2], attempt=1, image="i", seed=1))
        transcript.append(replied(1))
    return folder


@pytest.fixture
def holder(run: RunFolder) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the run, as a real one does."""
    code = (
        "import pathlib, sys, time\nfrom runner.runs.folder import RunFolder\n"
        "with RunFolder(pathlib.Path(sys.argv[1])).held():\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(run.path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_run_at_work_is_seen_as_it_is(run: RunFolder, holder: subprocess.Popen[str]) -> None:
    seen = Watcher(run).progress()
    assert (seen.state, seen.pid, seen.planned, seen.done) == ("running", holder.pid, 6, 2)
    assert (seen.usd, seen.usd_cap) == (1.75, 5.0), "what is reserved counts until it is settled"
    assert {each.model: (each.done, each.working, each.usd) for each in seen.models} == {
        "a": (1, 1, 1.5),
        "b": (1, 0, 0.25),
    }
    (worker,) = seen.workers
    assert (worker.trial, worker.phase, worker.turn) == (KEYS[2].name, "working", 1)
    assert seen.remaining is not None and 0 < seen.remaining.low <= seen.remaining.value


def test_one_that_was_killed_is_dead_and_nobody_works_there(run: RunFolder, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    time.sleep(0.5)
    seen = Watcher(run).progress()
    assert (seen.state, seen.workers, seen.remaining, seen.per_hour) == ("dead", (), None, None)
    holder.wait()
    assert Watcher(run).progress().state == "dead"


def test_one_that_was_stopped_in_order_says_so_and_one_that_ended_is_done(run: RunFolder) -> None:
    assert Watcher(run).progress().state == "stopped"
    ledger = Ledger(run.ledger_file)
    ledger.finish(3, "resolved")
    for position in (4, 5, 6):
        ledger.start(position)
        ledger.finish(position, "infra_error")
    ledger.close()
    seen = Watcher(run).progress()
    assert (seen.state, seen.done) == ("done", 6)


def test_a_process_that_merely_has_the_holders_number_is_not_it(run: RunFolder) -> None:
    note = run.path / ".holder"
    note.write_text(f"{os.getpid()}\n")
    assert holder_of(run).state == "alive"
    os.utime(note, (1e9, 1e9))
    assert holder_of(run).state == "dead", "this process began after the note was written"


def test_a_clock_that_was_set_makes_nobody_of_a_process_at_work(run: RunFolder, holder: subprocess.Popen[str]) -> None:
    for moment in (1e9, time.time() + 7200):
        os.utime(run.path / ".holder", (moment, moment))
        assert (holder_of(run).state, holder_of(run).pid) == ("alive", holder.pid)
    (run.path / ".holder").write_text(f"{holder.pid}\n1.00\n")
    assert holder_of(run).state == "dead", "another process has the number by now"
    (run.path / ".holder").write_text(f"{holder.pid}\n1.00\nelsewhere\n")
    assert holder_of(run).state == "alive", "on another machine, where nobody here can look"


@pytest.mark.parametrize("text", ["", "x", "-1", "0", "99999999999999999999", "1.5", "\u00b2"])
def test_a_holders_note_that_makes_no_sense_is_nobodys(run: RunFolder, text: str) -> None:
    (run.path / ".holder").write_text(text)
    assert holder_of(run).state == "dead"


def test_a_look_neither_waits_for_a_writer_nor_makes_one_wait(run: RunFolder) -> None:
    writer = sqlite3.connect(run.ledger_file, isolation_level=None, timeout=0)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE trials SET state = 'running' WHERE position = 4")
    started = time.monotonic()
    before = {row.position: row.state for row in look(run.ledger_file).rows}
    assert time.monotonic() - started < 1
    assert before[4] == "planned", "what is not committed is not seen"
    writer.execute("COMMIT")
    assert {row.position: row.state for row in look(run.ledger_file).rows}[4] == "running"
    writer.close()


def test_a_writer_is_never_held_up_by_many_looks(run: RunFolder) -> None:
    stop, looks = threading.Event(), [0]

    def looking() -> None:
        while not stop.is_set():
            look(run.ledger_file)
            looks[0] += 1

    thread = threading.Thread(target=looking, daemon=True)
    thread.start()
    ledger = Ledger(run.ledger_file)
    slowest = 0.0
    for _ in range(200):
        started = time.monotonic()
        ledger.settle(ledger.reserve(3, 0.01), 0.01)
        slowest = max(slowest, time.monotonic() - started)
    stop.set()
    thread.join(5)
    ledger.close()
    assert looks[0] > 5 and slowest < 2


def test_nothing_in_the_folder_changes_by_being_watched(run: RunFolder) -> None:
    def all_files() -> dict[str, bytes]:
        files = (file for file in run.path.rglob("*") if file.is_file() and "-shm" not in file.name)
        return {str(file): file.read_bytes() for file in files if file.stat().st_size}

    before = all_files()
    for _ in range(3):
        Watcher(run).progress()
    assert all_files() == before


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"x" * 5000])
def test_a_ledger_that_is_none_is_named(run: RunFolder, content: bytes) -> None:
    for file in run.path.glob("ledger.sqlite*"):
        file.unlink()
    run.ledger_file.write_bytes(content)
    with pytest.raises(FileProblem, match=r"ledger\.sqlite"):
        Watcher(run).progress()
    run.ledger_file.unlink()
    with pytest.raises(FileProblem, match="is not there"):
        Watcher(run).progress()
    assert not run.ledger_file.exists()


@pytest.mark.parametrize("study", [None, {}, {"concurrency": "x", "budget": []}, {"budget": {"usd": "y"}}])
def test_a_lock_of_another_version_is_no_reason_to_see_nothing(run: RunFolder, study: object) -> None:
    run.lock_file.write_text(json.dumps({"schema": 1, "study": study}))
    assert Watcher(run).progress().planned == 6


def test_a_damaged_result_takes_only_its_time_away(run: RunFolder) -> None:
    (run.trial(KEYS[0]) / "result.json").write_text("{")
    assert Watcher(run).progress().done == 2


def steps(file: Path, *events: Event) -> None:
    with Transcript(file) as transcript:
        for event in events:
            transcript.append(event)


@pytest.mark.parametrize(
    ("last", "doing"),
    [
        (replied(7), "working"),
        (ToolReturned(call_id="x", tool="t", text='"type": "graded"'), "thinking"),
        (Submitted(submission=Submission(summary="s", confidence=0.5)), "grading"),
        (Graded(outcomes={}, canaries="honest"), "grading"),
    ],
)
def test_the_last_step_tells_what_a_trial_does(tmp_path: Path, last: Event, doing: str) -> None:
    file = tmp_path / "events.jsonl"
    steps(file, replied(6), last)
    found = activity(file)
    assert found is not None and found.at is not None
    assert (found.doing, found.step) == (doing, 1)
    assert found.turn == (7 if doing == "working" else 6)
    assert (datetime.now(UTC) - found.at).total_seconds() < 60


def test_a_step_of_many_megabytes_and_a_torn_line_do_not_hide_it(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    steps(file, replied(1), ToolReturned(call_id="x", tool="t", text="y" * 3_000_000))
    with file.open("ab") as handle:
        handle.write(b'{"step": 2, "at": "2026')
    started = time.monotonic()
    found = activity(file)
    assert found is not None and (found.doing, found.step, found.turn) == ("thinking", 1, 1)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("content", [b"", b"\n\n\n", b"not json\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n"])
def test_a_transcript_that_is_none_says_nothing(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(content)
    assert activity(file) is None
    assert activity(tmp_path / "absent.jsonl") is None


def test_a_transcript_is_read_again_only_when_it_grew(tmp_path: Path) -> None:
    file, activities = tmp_path / "events.jsonl", Activities()
    steps(file, replied(1))
    first = activities.of(file)
    assert activities.of(file) is first
    steps(file, replied(2))
    second = activities.of(file)
    assert second is not None and second.turn == 2


def test_the_log_tells_what_stands_still_until_it_goes_on(tmp_path: Path) -> None:
    log = RunLog(tmp_path / LOG)
    log.add("started", "1 of 1 trials are to be done")
    log.add("provider_down", "a: down", model="a", seconds=3)
    log.add("disk_low", "2 GB left")
    still = standstill(notes(tmp_path))
    assert (still.models, still.why) == ({"a": "a: down"}, "2 GB left")
    log.add("disk_ok", "room")
    log.add("provider_back", "a again", model="a")
    assert standstill(notes(tmp_path)) == Standstill()


@pytest.mark.parametrize("kind", ["ended", "interrupted", "halted", "started", "resumed"])
def test_nothing_stands_still_of_what_another_process_waited_for(tmp_path: Path, kind: Kind) -> None:
    log = RunLog(tmp_path / LOG)
    log.add("provider_down", "a: down", model="a")
    log.add("engine_gone", "no answer")
    log.add(kind, "so it went")
    assert standstill(notes(tmp_path)) == Standstill()


def test_lines_of_a_log_that_are_none_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / LOG
    file.write_text("\n[]\nnull\n{\n" + '{"text": 5}\n' + "[" * 9999 + "\n")
    RunLog(file).add("retried", "once more")
    with file.open("a") as handle:
        handle.write('{"text": "torn')
    assert [note.text for note in notes(tmp_path)] == ["once more"]
    assert notes(tmp_path / "absent") == notes(file) == []


def test_of_a_long_log_only_the_end_is_read(tmp_path: Path) -> None:
    log = RunLog(tmp_path / LOG)
    for number in range(40):
        log.add("stuck", f"{number}", detail="x" * 19_000)
    found = [int(note.text) for note in notes(tmp_path)]
    assert found == list(range(found[0], 40)) and 5 < len(found) < 20


def test_how_long_a_person_was_waited_for_is_no_part_of_what_trials_take(run: RunFolder) -> None:
    key = KEYS[0]
    times = Times(total=3600.0, approval=3580.0, people=3579.0)
    write_result(run.trial(key), TrialResult(key=key, verdict="resolved", times=times))
    assert Watcher(run)._ended(look(run.ledger_file).rows[0])[0] == 21.0


def watch(*words: str) -> subprocess.CompletedProcess[str]:
    return taskfit("watch", *words)


def test_the_command_tells_people_and_programs_the_same(run: RunFolder, holder: subprocess.Popen[str]) -> None:
    told = watch(str(run.path), "--once")
    assert told.returncode == 0
    assert f"process {holder.pid} works on it" in told.stdout and "2 of 6 trials" in told.stdout
    seen = json.loads(watch(str(run.path), "--json").stdout)
    assert (seen["state"], seen["done"], seen["planned"]) == ("running", 2, 6)
    holder.kill()
    holder.wait()
    dead = watch(str(run.path))
    assert dead.returncode == 1 and f"process {holder.pid} is gone, 4 trials are left" in dead.stdout


def test_what_is_no_run_is_a_message(tmp_path: Path) -> None:
    told = watch(str(tmp_path))
    assert told.returncode == 2 and "no run's folder" in told.stderr
    with pytest.raises(UserError):
        Watcher(RunFolder(tmp_path))


@pytest.mark.parametrize(
    "study", ["[1]", '{"concurrency": 1e999, "budget": {"usd": NaN}}', '{"budget": {"usd": "many"}}']
)
def test_a_lock_that_says_odd_things_of_its_study_is_no_obstacle(run: RunFolder, study: str) -> None:
    run.lock_file.write_text(f'{{"schema": 1, "study": {study}}}')
    seen = Watcher(run).progress()
    assert (seen.planned, seen.usd_cap) == (6, None)
