"""The ledger: no trial runs twice at once, no cent passes the cap, and no crash forgets either."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runner.errors import BudgetExhausted, UserError
from runner.results import TrialKey
from runner.runs.budget import Amounts, Cap
from runner.runs.ledger import Ledger


def keys(count: int, model: str = "noop") -> list[TrialKey]:
    return [TrialKey(scenario=f"s{number}", model=model, repeat=1) for number in range(count)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(file: Path) -> Iterator[Ledger]:
    opened = Ledger(file)
    yield opened
    opened.close()


def at_once(count: int, work: Callable[[int], None]) -> None:
    """Run `work` in threads that begin together; whatever one of them raises is raised here."""
    gate = threading.Barrier(count)
    errors: list[BaseException] = []

    def begin(number: int) -> None:
        gate.wait()
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


# Trials


def test_trials_keep_the_order_in_which_they_were_planned(ledger: Ledger) -> None:
    wanted = [TrialKey(scenario=s, model=m, arm=a, repeat=k) for s in "ba" for k in (2, 1) for m in "zy" for a in "qp"]
    ledger.plan(wanted)
    rows = ledger.rows()
    assert [row.key for row in rows] == wanted
    assert [row.position for row in rows] == sorted(row.position for row in rows)
    assert {(row.state, row.attempts, row.verdict) for row in rows} == {("planned", 0, None)}


def test_odd_names_come_back_as_they_were(ledger: Ledger) -> None:
    odd = [
        TrialKey(scenario="s", model=name, repeat=1)
        for name in ("", "a'b;--", "日本", "x\x00y", "a\n\x1b[31m", "A", "a")
    ]
    ledger.plan(odd)
    assert [row.key for row in ledger.rows()] == odd


def test_planning_again_adds_what_is_new_and_leaves_the_rest(ledger: Ledger) -> None:
    ledger.plan(keys(3))
    ledger.start(1)
    ledger.start(2)
    ledger.finish(2, "resolved")
    before = ledger.rows()
    ledger.plan(keys(3))
    assert ledger.rows() == before
    ledger.plan([*keys(3), *keys(1, "oracle")])
    assert ledger.rows()[:3] == before
    assert ledger.rows()[3].key == keys(1, "oracle")[0]


def test_a_plan_that_fails_midway_adds_nothing(ledger: Ledger) -> None:
    def broken() -> Iterator[TrialKey]:
        yield keys(1)[0]
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        ledger.plan(broken())
    assert ledger.rows() == []
    ledger.plan(keys(1))
    assert len(ledger.rows()) == 1


def test_a_trial_goes_from_planned_over_running_to_done(ledger: Ledger) -> None:
    ledger.plan(keys(1))
    states = [ledger.rows()[0].state]
    assert ledger.start(1) == 1
    states.append(ledger.rows()[0].state)
    ledger.finish(1, "tampered")
    row = ledger.rows()[0]
    assert [*states, row.state] == ["planned", "running", "done"]
    assert (row.attempts, row.verdict) == (1, "tampered")


def test_only_a_planned_trial_can_be_started(ledger: Ledger) -> None:
    ledger.plan(keys(1))
    ledger.start(1)
    with pytest.raises(ValueError, match="trial 1 is not planned"):
        ledger.start(1)
    ledger.finish(1, "resolved")
    with pytest.raises(ValueError, match="trial 1 is not planned"):
        ledger.start(1)
    with pytest.raises(ValueError, match="trial 7 is not planned"):
        ledger.start(7)
    assert ledger.rows()[0].attempts == 1, "a start that was refused is no attempt"


def test_a_released_trial_counts_its_next_attempt(ledger: Ledger) -> None:
    ledger.plan(keys(1))
    assert ledger.start(1) == 1
    ledger.release(1)
    assert ledger.rows()[0].state == "planned"
    assert ledger.start(1) == 2


def test_releasing_what_does_not_run_changes_nothing(ledger: Ledger) -> None:
    ledger.plan(keys(2))
    ledger.start(1)
    ledger.finish(1, "resolved")
    before = ledger.rows()
    for position in (1, 2, 99):
        ledger.release(position)
    assert ledger.rows() == before


def test_a_finished_trial_can_be_reopened_without_its_verdict(ledger: Ledger) -> None:
    ledger.plan(keys(1))
    ledger.start(1)
    ledger.finish(1, "infra_error")
    ledger.reopen(1)
    row = ledger.rows()[0]
    assert (row.state, row.verdict, row.attempts) == ("planned", None, 1)
    assert ledger.start(1) == 2


def test_a_running_trial_cannot_be_reopened_and_so_run_twice_at_once(ledger: Ledger) -> None:
    ledger.plan(keys(1))
    ledger.start(1)
    ledger.reopen(1)
    assert ledger.rows()[0].state == "running"


def test_a_trial_that_does_not_run_cannot_be_finished(ledger: Ledger) -> None:
    """A worker that comes back late must not close what was released, nor overwrite a verdict."""
    ledger.plan(keys(2))
    ledger.start(2)
    ledger.finish(2, "resolved")
    before = ledger.rows()
    for position in (1, 2, 99):
        try:
            ledger.finish(position, "unresolved")
        except ValueError:
            continue
    assert ledger.rows() == before


@pytest.mark.parametrize("shared", [True, False], ids=["one ledger", "a ledger each"])
@pytest.mark.parametrize("threads", [2, 8])
def test_threads_never_start_the_same_trial_twice(file: Path, threads: int, shared: bool) -> None:
    first = Ledger(file)
    first.plan(keys(60))
    ledgers = [first if shared else Ledger(file) for _ in range(threads)]
    got: list[list[int]] = [[] for _ in range(threads)]

    def work(number: int) -> None:
        for row in ledgers[number].rows():
            try:
                assert ledgers[number].start(row.position) == 1
            except ValueError:
                continue
            got[number].append(row.position)

    at_once(threads, work)
    assert sorted(position for each in got for position in each) == list(range(1, 61))
    assert {row.attempts for row in first.rows()} == {1}
    for each in {id(one): one for one in [first, *ledgers]}.values():
        each.close()


# Money


def test_a_reservation_counts_until_it_is_settled(ledger: Ledger) -> None:
    ledger.plan(keys(1))
    reservation = ledger.reserve(1, 0.75, caps=Cap.of(1.0))
    assert ledger.committed() == 0.75
    ledger.settle(reservation, 0.25)
    assert ledger.committed() == 0.25
    ledger.settle(reservation, 0.0)
    assert ledger.committed() == 0.0


def test_a_reservation_that_could_pass_the_cap_is_refused_and_leaves_no_trace(ledger: Ledger) -> None:
    ledger.plan(keys(1))
    ledger.reserve(1, 0.5, caps=Cap.of(1.0))
    with pytest.raises(BudgetExhausted, match=r"could cost 0\.6000 USD; 0\.5000 of 1\.0000 USD"):
        ledger.reserve(1, 0.6, caps=Cap.of(1.0))
    assert ledger.committed() == 0.5
    ledger.reserve(1, 0.5, caps=Cap.of(1.0))
    assert ledger.committed() == 1.0


def test_what_is_free_passes_even_at_the_cap_and_no_cap_is_none(ledger: Ledger) -> None:
    ledger.plan(keys(1))
    ledger.reserve(1, 0.0, caps=Cap.of(0.0))
    with pytest.raises(BudgetExhausted):
        ledger.reserve(1, 1e-9, caps=Cap.of(0.0))
    ledger.reserve(1, 1e9)
    assert ledger.committed() == 1e9
    ledger.reserve(1, 0.0, caps=Cap.of(1.0))


@pytest.mark.parametrize("usd", [-1.0, float("nan")])
def test_an_impossible_sum_is_never_written(ledger: Ledger, usd: float) -> None:
    ledger.plan(keys(1))
    kept = ledger.reserve(1, 0.5, caps=Cap.of(1.0))
    with pytest.raises((ValueError, sqlite3.IntegrityError)):
        ledger.reserve(1, usd, caps=Cap.of(1.0))
    with contextlib.suppress(ValueError, sqlite3.IntegrityError):
        ledger.settle(kept, usd)
    assert ledger.committed() == 0.5
    ledger.reserve(1, 0.5, caps=Cap.of(1.0))


@pytest.mark.parametrize("shared", [True, False], ids=["one ledger", "a ledger each"])
def test_the_cap_holds_with_many_threads_and_random_sums(file: Path, shared: bool) -> None:
    cap = 1.0
    first = Ledger(file)
    first.plan(keys(1))
    ledgers = [first if shared else Ledger(file) for _ in range(8)]
    seen: list[float] = []
    refused = [0] * 8

    def work(number: int) -> None:
        drawn = random.Random(number)
        mine = ledgers[number]
        for _ in range(30):
            usd = drawn.choice([0.0, 0.001, 0.1, drawn.random() / 4])
            try:
                reservation = mine.reserve(1, usd, caps=Cap.of(cap))
            except BudgetExhausted:
                refused[number] += 1
                continue
            seen.append(mine.committed())
            if drawn.random() < 0.8:
                mine.settle(reservation, usd * drawn.random() / 2)

    at_once(8, work)
    assert max(seen) <= cap
    assert sum(refused) > 0, "the cap was reached at all"
    with sqlite3.connect(file) as db:
        rows = db.execute("SELECT coalesce(spent, reserved) FROM spending").fetchall()
    assert sum(usd for (usd,) in rows) == pytest.approx(first.committed())
    for each in {id(one): one for one in [first, *ledgers]}.values():
        each.close()


def test_an_unsettled_reservation_stays_committed_after_reopening_the_file(file: Path) -> None:
    first = Ledger(file)
    first.plan(keys(1))
    first.settle(first.reserve(1, 0.4, caps=Cap.of(1.0)), 0.1)
    first.reserve(1, 0.6, caps=Cap.of(1.0))
    first.close()
    second = Ledger(file)
    assert second.committed() == pytest.approx(0.7)
    with pytest.raises(BudgetExhausted):
        second.reserve(1, 0.4, caps=Cap.of(1.0))
    second.close()


# Crashes

CHILD = """
import sys
from pathlib import Path
from runner.runs.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
for row in ledger.rows():
    ledger.start(row.position)
    reservation = ledger.reserve(row.position, 0.5)
    print("reserved", row.position, flush=True)
    ledger.settle(reservation, 0.25)
    ledger.finish(row.position, "resolved")
    print("done", row.position, flush=True)
"""


@pytest.mark.parametrize("after", [1, 7, 40])
def test_a_killed_process_loses_nothing_that_it_had_committed(file: Path, after: int) -> None:
    planned = Ledger(file)
    planned.plan(keys(2000))
    planned.close()
    with subprocess.Popen([sys.executable, "-c", CHILD, str(file)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(after)]
        os.kill(child.pid, signal.SIGKILL)
        said += [line for line in child.stdout if line.endswith("\n")]
    reserved = {int(line.split()[1]) for line in said if line.startswith("reserved")}
    done = {int(line.split()[1]) for line in said if line.startswith("done")}
    again = Ledger(file)
    rows = {row.position: row for row in again.rows()}
    assert len(rows) == 2000
    assert all(rows[position].state == "done" and rows[position].verdict == "resolved" for position in done)
    assert all(rows[position].state in ("running", "done") for position in reserved)
    assert again.committed() >= 0.25 * len(reserved)
    assert sum(row.state == "running" for row in rows.values()) <= 1
    for row in rows.values():
        again.release(row.position)
    assert {row.state for row in again.rows()} <= {"planned", "done"}
    with sqlite3.connect(file) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    again.close()


def test_another_process_may_read_while_one_writes(ledger: Ledger, file: Path) -> None:
    ledger.plan(keys(3))
    code = "import sys, pathlib, runner.runs.ledger as l; print(len(l.Ledger(pathlib.Path(sys.argv[1])).rows()))"
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "3"


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_the_users_problem_with_a_message(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"ledger\.sqlite"):
        Ledger(file)
    assert file.read_bytes() == content


def test_a_file_damaged_further_in_is_found_when_it_is_opened(file: Path) -> None:
    planned = Ledger(file)
    planned.plan(keys(2000))
    planned.close()
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2 : len(whole) // 2 + 8192] = b"\xff" * 8192
    file.write_bytes(whole)
    with pytest.raises(UserError, match="no sound ledger"):
        Ledger(file)


def test_tokens_are_reserved_and_settled_like_money(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.plan([TrialKey(scenario="s", model="m", repeat=1)])
    first = ledger.reserve(1, 0.0, 600, Cap.of(tokens=1000))
    with pytest.raises(BudgetExhausted, match="could take 500 tokens; 600 of 1000"):
        ledger.reserve(1, 0.0, 500, Cap.of(tokens=1000))
    ledger.settle(first, 0.0, 150)
    assert ledger.committed_tokens() == 150
    ledger.reserve(1, 0.0, 850, Cap.of(tokens=1000))
    assert ledger.committed_tokens() == 1000


def test_a_ledger_from_before_tokens_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    with sqlite3.connect(file) as db:
        db.executescript(
            "CREATE TABLE trials (position INTEGER PRIMARY KEY, scenario TEXT, model TEXT, arm TEXT, repeat INTEGER,"
            " state TEXT DEFAULT 'planned', attempts INTEGER DEFAULT 0, verdict TEXT);"
            "CREATE TABLE spending (id INTEGER PRIMARY KEY, trial INTEGER, reserved REAL, spent REAL);"
            "INSERT INTO trials (scenario, model, arm, repeat) VALUES ('s', 'm', 'control', 1);"
            "INSERT INTO spending (trial, reserved, spent) VALUES (1, 0.5, 0.25);"
        )
    ledger = Ledger(file)
    assert (ledger.committed(), ledger.committed_tokens()) == (0.25, 0)
    ledger.settle(ledger.reserve(1, 0.1, 10), 0.1, 7)
    assert ledger.committed_tokens() == 7


def test_calls_of_many_threads_come_to_the_disk_together(file: Path) -> None:
    ledger = Ledger(file)
    ledger.plan(keys(1))
    commits: list[str] = []
    ledger._db.set_trace_callback(lambda statement: commits.append(statement) if statement == "COMMIT" else None)

    def call(_: int) -> int:
        reservation = ledger.reserve(1, 0.02, 10, Cap.of(10.0), others=99)
        ledger.settle(reservation, 0.01, 5, others=99)
        return reservation

    with ThreadPoolExecutor(100) as pool:
        reservations = list(pool.map(call, range(400)))

    assert len(set(reservations)) == 400
    assert (ledger.committed(), ledger.committed_tokens()) == (pytest.approx(4.0), 2000)
    assert len(commits) < 200, "800 changes"


def test_one_bad_change_among_many_is_refused_alone(file: Path) -> None:
    ledger = Ledger(file)
    ledger.plan(keys(1))

    def call(usd: float) -> str:
        try:
            return f"kept {ledger.reserve(1, usd, caps=Cap.of(2.0), others=99) > 0}"
        except (BudgetExhausted, sqlite3.Error) as error:
            return type(error).__name__

    with ThreadPoolExecutor(40) as pool:
        said = list(pool.map(call, [0.1, -1.0, 5.0] * 10))

    assert said == ["kept True", "IntegrityError", "BudgetExhausted"] * 10
    assert ledger.committed() == pytest.approx(1.0)


def test_what_was_settled_is_seen_at_once_though_another_thread_is_to_write_it(file: Path) -> None:
    ledger = Ledger(file)
    ledger.plan(keys(2))
    kept = ledger.reserve(1, 1.0)
    leader = threading.Thread(target=ledger.reserve, args=(2, 0.5), kwargs={"others": 10_000})
    leader.start()
    ledger.settle(kept, 0.25, others=10_000)
    assert ledger.committed(position=1) == 0.25
    leader.join()
    assert ledger.committed() == 0.75


def test_a_reservation_is_on_disk_before_the_call_that_it_is_for(file: Path) -> None:
    """Whoever else has the file open sees it when `reserve` returns, however many wrote with it."""
    ledger = Ledger(file)
    ledger.plan(keys(8))
    other = Ledger(file)

    def call(position: int) -> bool:
        ledger.reserve(position, 1.0, others=99)
        return other.committed(position=position) == 1.0

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(1, 9)))


def test_a_number_too_large_for_the_file_harms_no_other_change(file: Path) -> None:
    ledger = Ledger(file)
    ledger.plan(keys(2))
    leader = threading.Thread(target=ledger.reserve, args=(2, 0.5), kwargs={"others": 99})
    leader.start()
    with pytest.raises(OverflowError):
        ledger.reserve(1, 0.1, tokens=1 << 64, others=99)
    leader.join()
    assert ledger.committed() == 0.5
    assert ledger.reserve(1, 0.5) > 0, "the ledger goes on"


def test_what_is_settled_beside_other_calls_is_on_disk_when_its_trial_ends(file: Path) -> None:
    ledger, other = Ledger(file), Ledger(file)
    ledger.plan(keys(1))
    ledger.start(1)
    ledger.settle(ledger.reserve(1, 1.0, 100), 0.25, 10, others=3)
    assert (other.committed(), other.committed_tokens()) == (1.0, 100), "at most too much is held against a crash"
    assert (ledger.committed(), ledger.committed_tokens()) == (0.25, 10)
    ledger.settle(ledger.reserve(1, 1.0, 100), 0.25, 10, others=3)
    ledger.finish(1, "resolved")
    assert (other.committed(), other.committed_tokens()) == (0.5, 20)


def test_a_full_disk_loses_no_settlement_and_counts_no_reservation_that_it_refused(file: Path) -> None:
    ledger = Ledger(file)
    ledger.plan(keys(1))
    kept = ledger.reserve(1, 1.0)
    pages = ledger._db.execute("PRAGMA page_count").fetchone()[0]
    ledger._db.execute(f"PRAGMA max_page_count = {pages}")
    reserved = 1

    with pytest.raises(sqlite3.OperationalError, match="full"):
        while True:
            ledger.reserve(1, 0.001)
            reserved += 1
    ledger.settle(kept, 0.5, others=1)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        ledger.reserve(1, 0.001)
    ledger._db.execute(f"PRAGMA max_page_count = {pages + 100}")

    assert ledger.committed() == pytest.approx(0.5 + 0.001 * (reserved - 1))
    ledger.close()
    assert Ledger(file).committed() == pytest.approx(0.5 + 0.001 * (reserved - 1))


@pytest.mark.parametrize("seed", range(3))
def test_the_sums_of_each_cap_are_those_of_the_file_whoever_wrote(file: Path, seed: int) -> None:
    """Two ledgers over one file change it in turn; a third, opened at the end, reads it from the start."""
    drawn = random.Random(seed)
    both = [Ledger(file), Ledger(file)]
    both[0].plan([TrialKey(scenario=s, model=m, repeat=1) for s in "ab" for m in "xy"])
    caps = [
        Cap("the run", Amounts(usd=50.0)),
        Cap("model x", Amounts(usd=20.0), model="x"),
        Cap("scenario b", Amounts(tokens=900), scenario="b"),
    ]
    opened: list[int] = []
    for _ in range(200):
        ledger = drawn.choice(both)
        if opened and drawn.random() < 0.5:
            ledger.settle(drawn.choice(opened), drawn.random(), drawn.randrange(20), others=drawn.randrange(2))
        else:
            with contextlib.suppress(BudgetExhausted):
                opened.append(ledger.reserve(drawn.randint(1, 4), drawn.random(), drawn.randrange(20), caps))
    for ledger in both:
        ledger.committed()  # which writes what waits
    found = [[(each.committed(cap=cap), each.committed_tokens(cap)) for cap in caps] for each in (*both, Ledger(file))]
    for kept in found[:2]:
        assert kept == [pytest.approx(read) for read in found[2]]


def test_what_no_call_can_have_taken_is_refused(ledger: Ledger) -> None:
    ledger.plan(keys(1))
    kept = ledger.reserve(1, 0.5)
    with pytest.raises(ValueError, match="cannot have taken nan USD"):
        ledger.settle(kept, float("nan"))
    assert ledger.committed() == 0.5
