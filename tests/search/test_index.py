"""The index: it keeps up with runs that go on, forgets what is gone, and is made anew when it is of no use."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner.errors import FileProblem
from runner.runs.folder import RunFolder
from runner.search.files import LONGEST_LINE
from runner.search.finding import find
from runner.search.index import Index
from runner.search.query import parse
from runner.search.store import GONE
from written import answered, as_lines, began, call, ended, key, said, trial, write_run


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "cache" / "search.sqlite")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return write_run(tmp_path / "runs" / "a", {key(): trial(key(), said("a pelican"))})


def count(index: Index, text: str, *runs: RunFolder) -> int:
    return find(index, parse(text), [run.path for run in runs]).steps


def transcript(run: RunFolder) -> Path:
    return run.trial(key()) / "events.jsonl"


def test_a_second_look_reads_nothing_again(index: Index, run: RunFolder) -> None:
    assert index.refresh([run.path]) == (1, 7, 0)
    assert index.refresh([run.path]) == (0, 0, 0)
    assert count(index, "pelican", run) == 1


def test_steps_that_come_while_the_run_goes_on_are_found_and_a_torn_line_once_it_is_whole(
    index: Index, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "a", {key(): [began(key())]})
    index.refresh([run.path])
    more = as_lines([said("a pelican"), said("a heron")], start=1)
    first, second = more.splitlines(keepends=True)
    with transcript(run).open("ab") as handle:
        handle.write(first + second[:30])
        handle.flush()
        assert index.refresh([run.path]).steps == 1
        assert (count(index, "pelican", run), count(index, "heron", run)) == (1, 0)
        handle.write(second[30:])
        handle.flush()
        assert index.refresh([run.path]).steps == 1
    assert count(index, "heron", run) == 1
    assert find(index, parse("heron"), [run.path]).shown[0].steps[0].step == 2


def test_a_verdict_that_comes_later_counts_for_all_steps_of_the_trial(index: Index, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", {key(): [began(key()), said("a pelican")]})
    index.refresh([run.path])
    assert count(index, "pelican verdict:resolved", run) == 0
    with transcript(run).open("ab") as handle:
        handle.write(as_lines(ended(), start=2))
    index.refresh([run.path])
    assert count(index, "pelican verdict:resolved", run) == 1


def test_a_trial_that_is_begun_anew_has_its_old_attempt_beside_it(index: Index, run: RunFolder) -> None:
    index.refresh([run.path])
    run.set_aside(key(), 1)
    transcript(run).write_bytes(as_lines(trial(key(), said("a heron"), attempt=2)))
    index.refresh([run.path])
    old = find(index, parse("pelican"), [run.path]).shown
    new = find(index, parse("heron"), [run.path]).shown
    assert [(each.place, each.attempt) for each in (*old, *new)] == [
        (f"trials/{key().name}/attempts/1", 1),
        (f"trials/{key().name}", 2),
    ]


def test_a_transcript_that_is_rewritten_or_gone_is_not_found_by_what_it_said(index: Index, run: RunFolder) -> None:
    index.refresh([run.path])
    transcript(run).write_bytes(as_lines(trial(key(), said("a heron, which is another bird than the one before"))))
    index.refresh([run.path])
    assert (count(index, "pelican", run), count(index, "heron", run)) == (0, 1)
    transcript(run).unlink()
    transcript(run).parent.joinpath("result.json").unlink()
    transcript(run).parent.rmdir()
    index.refresh([run.path])
    assert count(index, "heron", run) == 0


def test_a_run_that_was_removed_leaves_nothing_to_be_found(index: Index, run: RunFolder, tmp_path: Path) -> None:
    other = write_run(tmp_path / "runs" / "b", {key(): trial(key(), said("a heron"))})
    index.refresh([run.path, other.path])
    shutil.rmtree(other.path)
    index.refresh([run.path])
    assert index.ask(lambda db: db.execute("SELECT count(*) FROM steps").fetchone()[0]) == 7
    assert (count(index, "pelican", run), count(index, "heron", run, other)) == (1, 0)


@pytest.mark.parametrize("damage", ["garbage", "cut", "version", "table", "empty"])
def test_an_index_that_is_of_no_use_is_made_anew(damage: str, index: Index, run: RunFolder) -> None:
    index.refresh([run.path])
    with sqlite3.connect(index.file) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if damage == "version":
            db.execute("PRAGMA user_version = 999")
        elif damage == "table":
            db.execute("DROP TABLE steps")
    db.close()
    if damage == "garbage":
        index.file.write_bytes(b"this is no database " * 500)
    elif damage == "cut":
        os.truncate(index.file, index.file.stat().st_size // 2)
    elif damage == "empty":
        index.file.write_bytes(b"")
    index.refresh([run.path])
    assert count(index, "pelican", run) == 1


def test_an_index_that_cannot_be_written_is_a_message(tmp_path: Path, run: RunFolder) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(FileProblem, match="search index cannot be used"):
        Index(tmp_path / "cache" / "search.sqlite").refresh([run.path])
    (tmp_path / "folder.sqlite").mkdir()
    with pytest.raises(FileProblem, match="search index cannot be used"):
        Index(tmp_path / "folder.sqlite").refresh([run.path])


def test_nobody_else_may_read_the_index(index: Index, run: RunFolder) -> None:
    index.refresh([run.path])
    for file in index.file.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


def test_two_processes_index_the_same_runs_and_no_step_is_there_twice(tmp_path: Path, index: Index) -> None:
    keys = [key(scenario=f"s{number}") for number in range(40)]
    run = write_run(tmp_path / "a", {each: trial(each, said("a pelican"), said("a heron")) for each in keys})
    program = "import sys; from pathlib import Path; from runner.search.index import Index; "
    program += "Index(Path(sys.argv[1])).refresh([Path(sys.argv[2])])"
    argv = [sys.executable, "-c", program, str(index.file), str(run.path)]
    both = [subprocess.Popen(argv) for _ in range(2)]
    index.refresh([run.path])
    assert [each.wait(240) for each in both] == [0, 0]
    assert count(index, "pelican", run) == 40
    assert index.ask(lambda db: db.execute("SELECT count(*) FROM steps").fetchone()[0]) == 40 * 8


def test_lines_that_are_no_steps_are_left_out_and_counted(index: Index, run: RunFolder) -> None:
    with transcript(run).open("ab") as handle:
        handle.write(b'{"type": "of another version"}\n\xff\xfe\n[]\n' + b"[" * 100_000 + b"\n")
        handle.write(as_lines([said("a heron")], start=11))
    assert index.refresh([run.path]).unread == 4
    assert find(index, parse("heron"), [run.path]).shown[0].steps[0].step == 11


def test_a_line_too_long_for_anybody_is_stepped_over(index: Index, run: RunFolder) -> None:
    with transcript(run).open("ab") as handle:
        handle.write(b"x" * (LONGEST_LINE + 1) + b"\n" + as_lines([said("a heron")], start=8))
    assert index.refresh([run.path]).unread == 1
    assert (count(index, "pelican", run), count(index, "heron", run)) == (1, 1)


def test_links_pipes_and_folders_in_place_of_transcripts_are_no_transcripts(index: Index, run: RunFolder) -> None:
    outside = run.path.parent / "outside"
    (outside / "t").mkdir(parents=True)
    (outside / "t" / "events.jsonl").write_bytes(as_lines([said("a secret")]))
    trials = run.path / "trials"
    (trials / "linked").symlink_to(outside / "t")
    for name in ("a-link", "a-pipe", "a-folder"):
        (trials / name).mkdir()
    (trials / "a-link" / "events.jsonl").symlink_to(outside / "t" / "events.jsonl")
    os.mkfifo(trials / "a-pipe" / "events.jsonl")
    (trials / "a-folder" / "events.jsonl").mkdir()
    began_at = time.monotonic()
    index.refresh([run.path])
    assert time.monotonic() - began_at < 100
    assert (count(index, "secret", run), count(index, "pelican", run)) == (0, 1)


def test_an_index_that_is_mostly_of_what_is_gone_is_made_anew(index: Index, run: RunFolder) -> None:
    index.refresh([run.path])
    with sqlite3.connect(index.file) as db:
        db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'steps'", (GONE + 100,))
    db.close()
    index.refresh([run.path])
    assert index.ask(lambda db: db.execute("SELECT max(id) FROM steps").fetchone()[0]) == 7
    assert count(index, "pelican", run) == 1


def test_words_of_a_huge_output_are_found_at_both_its_ends(index: Index, tmp_path: Path) -> None:
    text = "pelican " + "x " * 1_000_000 + "heron"
    run = write_run(tmp_path / "a", {key(): [began(key()), call("run_command", command="cat"), answered(text)]})
    index.refresh([run.path])
    assert (count(index, "pelican", run), count(index, "heron", run)) == (1, 1)
