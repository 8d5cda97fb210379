"""A run's log: whole lines, whatever tears them, and a full disk that only delays them."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path

import pytest

from runner.runs.runlog import RunLog, read_log


def test_each_line_is_an_object_with_time_kind_and_text(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    RunLog(file).add("retried", "again\nand \x1b[31magain", trial="t", model="m", attempt=2, seconds=1.23456)
    [line] = [json.loads(line) for line in file.read_text().splitlines()]
    assert line["at"].endswith("+00:00")
    assert (line["kind"], line["text"], line["seconds"]) == ("retried", "again\nand \x1b[31magain", 1.235)


def test_threads_write_whole_lines(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    threads = [threading.Thread(target=lambda: [log.add("clock", "x" * 500) for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(read_log(tmp_path / "log.jsonl"))) == 400


def test_a_torn_or_foreign_line_costs_that_line_alone(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    RunLog(file).add("started", "one")
    with file.open("ab") as handle:
        handle.write(b'{"kind": "of another version"}\n\xff\xfe\n{"at": "2026-')
    RunLog(file).add("ended", "two")
    assert [each.text for each in read_log(file)] == ["one", "two"]


def test_a_log_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert list(read_log(tmp_path / "log.jsonl")) == []


def test_what_a_full_disk_refuses_is_written_later(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        log, filler = RunLog(disk / "log.jsonl"), disk / "filler"
        log.add("started", "one")
        with pytest.raises(OSError), filler.open("wb", buffering=0) as handle:
            while True:
                handle.write(b"x" * 4096)
        for _ in range(20):
            log.add("disk_low", "x" * 1000)
        filler.unlink()
        log.add("disk_ok", "room")
        assert [each.kind for each in read_log(disk / "log.jsonl")] == ["started", *["disk_low"] * 20, "disk_ok"]
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)
