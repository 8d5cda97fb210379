"""Free space is watched wherever a run writes, real small disks among it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.runs.disk import Disk
from runner.runs.runlog import LOG, RunLog, read_log


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def disk(tmp_path: Path, floor: float | None, passing: list[Path]) -> Disk:
    return Disk([tmp_path], RunLog(tmp_path / LOG), lambda text: None, floor, passing)


def test_a_folder_of_passing_files_that_is_full_holds_trials_back(tmp_path: Path, small: Path) -> None:
    assert not disk(tmp_path, 0.0, [small]).short()
    (small / "filler").write_bytes(b"x" * 1_020_000)
    said = disk(tmp_path, 0.0, [small]).short()
    assert f"the disk that holds {small} has 0.00 GB left" in said
    assert [line.kind for line in read_log(tmp_path / LOG)] == ["disk_low"]


def test_what_a_study_asks_to_be_left_is_not_asked_of_them(tmp_path: Path, small: Path) -> None:
    assert not disk(tmp_path, 500_000.0, [small]).short()
    assert not disk(tmp_path, 2_000_000.0, [small]).short(), "it never had so much"
    assert disk(tmp_path, 2_000_000.0, []).short() == ""


def test_a_folder_that_is_not_there_is_no_reason_to_wait(tmp_path: Path) -> None:
    assert not disk(tmp_path, 0.0, [tmp_path / "nowhere"]).short()
