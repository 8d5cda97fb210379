"""A run's folder after the worst: a ledger that is damaged or gone, results that are, a disk that fills."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.installing import installed
from bench.program import taskfit
from runner.errors import LedgerDamaged, UserError
from runner.events import Replied
from runner.messages import AssistantMessage, Reply, Usage
from runner.results import Times, TrialKey, TrialResult
from runner.runs.budget import Amounts, Budget
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.runs.recovery import recover, sound_ledger
from runner.runs.runlog import LOG, RunLog, read_log
from runner.trials.transcript import Transcript
from runner.trials.trial import write_result

KEYS = [TrialKey(scenario="s", model="m", repeat=n) for n in range(1, 61)]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Sixty trials: the first is done, the second broke off after two answers, the third waits for its second try."""
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    with_ledger = Ledger(folder.ledger_file)
    with_ledger.plan(KEYS)
    for key in KEYS[:3]:
        place = folder.trial(key)
        with Transcript(place / "events.jsonl") as transcript:
            for _ in range(2):
                reply = Reply(message=AssistantMessage(text="hm"), usage=Usage(input=100), cost_usd=0.25)
                transcript.append(Replied(turn=1, reply=reply))
    done = TrialResult(
        key=KEYS[0], verdict="resolved", attempt=2, cost_usd=0.5, earlier_usd=0.125, times=Times(total=12.0)
    )
    write_result(folder.trial(KEYS[0]), done)
    folder.set_aside(KEYS[2], 1)
    for position in (1, 2):
        with_ledger.start(position)
    with_ledger.finish(1, "resolved")
    with_ledger.close()
    return folder


def ledger_of(run: RunFolder, budget: Budget | None = None, renewed: bool = False) -> Ledger:
    return sound_ledger(run, lambda: KEYS, budget or Budget(), renewed, RunLog(run.path / LOG))


def garbage(file: Path) -> None:
    file.write_bytes(b"garbage" * 1000)


def halved(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def torn(file: Path) -> None:
    whole = bytearray(file.read_bytes())
    whole[4096 : 4096 + 8192] = b"\xff" * 8192
    file.write_bytes(whole)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def changed(change: str) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        with contextlib.closing(sqlite3.connect(file)) as db:
            db.execute(change)
            db.commit()

    return damage


numberless = changed("UPDATE trials SET repeat = 'many' WHERE position = 7")
no_text = changed("UPDATE trials SET model = CAST(x'ff41' AS TEXT) WHERE position = 7")
DAMAGES: list[Callable[[Path], None]] = [garbage, halved, torn, emptied, Path.unlink, numberless, no_text]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_ledger_is_made_again_out_of_the_trials_results(run: RunFolder, damage: Callable[[Path], None]) -> None:
    damage(run.ledger_file)
    ledger = ledger_of(run)
    rows = ledger.rows()
    assert [row.key for row in rows] == KEYS
    assert (rows[0].state, rows[0].verdict, rows[0].attempts) == ("done", "resolved", 2)
    assert {row.state for row in rows[1:]} == {"planned"}
    assert [ledger.committed(position) for position in (1, 2, 3, 4)] == [0.625, 0.5, 0.5, 0.0]
    assert ledger.committed_tokens() == 600
    assert ledger.durations() == [(KEYS[0], 12.0)]
    [line] = read_log(run.path / LOG)
    assert "made again out of the results of 1 trials" in line.text
    ledger.close()
    assert ledger_of(run).rows() == rows, "and once is enough"
    assert len(list(read_log(run.path / LOG))) == 1


def test_the_damaged_one_is_kept(run: RunFolder) -> None:
    for _ in range(2):
        garbage(run.ledger_file)
        ledger_of(run).close()
    kept = sorted(file.name for file in run.path.glob("*damaged*"))
    assert kept == ["ledger-damaged.sqlite", "ledger-damaged.sqlite-2"]
    assert all((run.path / name).read_bytes() == b"garbage" * 1000 for name in kept)


@pytest.mark.parametrize("budget", [Budget(usd=3.0), Budget(tokens=1000), Budget(models={"m": Amounts(usd=1.0)})])
def test_a_cap_on_money_is_asked_for_anew_since_nobody_knows_what_calls_under_way_took(
    run: RunFolder, budget: Budget
) -> None:
    garbage(run.ledger_file)
    with pytest.raises(UserError, match=r"Say what the run may take in all, as in: taskfit resume .* --budget"):
        ledger_of(run, budget)
    assert run.ledger_file.read_bytes() == b"garbage" * 1000
    assert ledger_of(run, budget, renewed=True).committed() == pytest.approx(1.625)


@pytest.mark.parametrize("damage", [garbage, no_text])
def test_whoever_only_reads_is_told_what_to_do(run: RunFolder, damage: Callable[[Path], None]) -> None:
    run.lock_file.write_text('{"schema": 1}')
    damage(run.ledger_file)
    with pytest.raises(LedgerDamaged, match=rf"`taskfit resume {run.path}` makes it again"):
        run.keys()


def test_a_ledger_that_cannot_be_used_right_now_is_not_taken_for_a_damaged_one(run: RunFolder) -> None:
    run.ledger_file.unlink()
    run.ledger_file.mkdir()
    with pytest.raises(UserError, match="cannot be opened"):
        ledger_of(run)
    assert run.ledger_file.is_dir() and not list(run.path.glob("*damaged*"))


def test_a_trial_that_is_done_without_a_result_is_done_again(run: RunFolder) -> None:
    (run.trial(KEYS[0]) / "result.json").unlink()
    ledger = ledger_of(run)
    recover(ledger, run, 2, False)
    assert {row.state for row in ledger.rows()} == {"planned"}


def test_a_result_outlives_a_power_failure_with_all_that_it_speaks_of(run: RunFolder, tmp_path: Path) -> None:
    """What reaches the disk in what order, as the system calls say."""
    code = (
        "import sys, pathlib\nfrom runner.results import TrialResult\nfrom runner.trials.trial import write_result\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "write_result(folder, TrialResult.model_validate_json((folder / 'result.json').read_bytes()))\n"
    )
    trace = tmp_path / "trace"
    words = [installed("strace", "strace"), "-f", "-y", "-e", "trace=fsync,rename,renameat,renameat2", "-o", str(trace)]
    subprocess.run([*words, sys.executable, "-c", code, str(run.trial(KEYS[0]))], check=True)
    said = trace.read_text()
    order = ["events.jsonl>", ".result.json.partial>", "rename", f"{KEYS[0].name}>", "trials>"]
    found = [said.index(each) for each in order]
    assert found == sorted(found), said


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(place)], check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


PLAN = """\
import sys
from pathlib import Path
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.errors import UserError
from runner.results import TrialKey
folder = RunFolder(Path(sys.argv[1]) / "run")
def attempt():
    try:
        with folder.held():
            folder.forget_plan()
            ledger = Ledger(folder.ledger_file)
            try:
                ledger.plan([TrialKey(scenario="s" * 40, model="m", repeat=n) for n in range(1, 501)])
            finally:
                ledger.close()
            folder.write_lock({"schema": 1, "much": "x" * 20_000})
    except UserError as error:
        return str(error)
    return ""
"""


def test_a_disk_that_fills_at_any_moment_of_planning_is_said_and_planning_again_succeeds(small_disk: Path) -> None:
    code = PLAN + (
        "import sqlite3\nsaid = set()\n"
        "for free in range(0, 320, 8):\n"
        "    filler = Path(sys.argv[1], 'filler')\n"
        "    with filler.open('wb', buffering=0) as handle:\n"
        "        try:\n"
        "            while True: handle.write(b'x' * 4096)\n"
        "        except OSError: pass\n"
        "        handle.truncate(max(0, handle.tell() - free * 1024))\n"
        "    why = attempt()\n"
        "    said.add(why)\n"
        "    assert bool(why) != folder.lock_file.exists(), (free, why)\n"
        "    filler.unlink()\n"
        "    folder.lock_file.unlink(missing_ok=True)\n"
        "    assert attempt() == '', free\n"
        "    folder.lock_file.unlink()\n"
        "    folder.forget_plan()\n"
        "print(*sorted(said), sep='\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(small_disk)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "No space left" in done.stdout or "full" in done.stdout


@pytest.mark.engine
def test_a_real_run_goes_on_after_its_ledger_was_lost_and_repeats_nothing(
    tmp_path: Path, write_scenario: Callable[..., Path]
) -> None:
    out = tmp_path / "out"
    words = ["run", "--model", "noop", "--repeats", "3", "--max-trials", "2", "--out", str(out)]
    words += ["--scenarios", str(write_scenario().parent)]
    first = taskfit(*words)
    assert first.returncode == 4, first.stderr
    before = {file: file.stat().st_mtime_ns for file in out.glob("trials/*/result.json")}
    garbage(out / "ledger.sqlite")
    told = taskfit("report", str(out))
    assert told.returncode == 2 and "makes it again out of the trials' results" in told.stderr
    last = taskfit("resume", str(out), "--max-trials", "3")
    assert last.returncode == 0, last.stderr
    assert len(list(out.glob("trials/*/result.json"))) == 3
    assert {file: file.stat().st_mtime_ns for file in before} == before
