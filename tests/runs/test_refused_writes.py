"""Disks that refuse writes while they show free space: real quotas, and disks without room for one more name."""

from __future__ import annotations

import contextlib
import errno
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.in_memory import InMemory, NoEngine
from bench.installing import installed
from runner.approvers.policy import load_policy
from runner.errors import UserError
from runner.messages import ToolCall
from runner.models.base import Opening
from runner.models.scripted import Scripted
from runner.results import TrialKey
from runner.runs.budget import Budget
from runner.runs.disk import MOST_REFUSALS, Disk
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.runs.ledger_view import look
from runner.runs.observer import Quiet
from runner.runs.runlog import LOG, RunLog, read_log
from runner.runs.running import Patience
from runner.scenarios.catalog import load_scenario
from runner.studies.study import Study
from sandboxes.client import Engine

begun: list[Opening] = []


def counted(opening: Opening) -> Scripted:
    """Notes that it was begun: each time may cost money."""
    begun.append(opening)
    return Scripted([ToolCall.of("l", "list_files"), ToolCall.of("s", "submit", summary="done", confidence=0.5)])


@dataclass(frozen=True)
class Place:
    """A folder that can be made to refuse writes."""

    path: Path
    said: str

    def fill(self) -> None:
        """Until it refuses another byte, and another name."""
        with contextlib.suppress(OSError):
            for number in range(100):
                (self.path / f"filler-{number}").write_bytes(b"")
        with contextlib.suppress(OSError), (self.path / "filler-0").open("wb", buffering=0) as handle:
            while handle.tell() < 4_000_000:
                handle.write(b"x" * 4096)

    def free(self) -> None:
        for file in self.path.glob("filler-*"):
            file.unlink()


def mounted(*argv: str) -> bool:
    return subprocess.run(["mount", *argv], check=False, capture_output=True).returncode == 0


@pytest.fixture(params=["names", "quota"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        if request.param == "names":
            if not mounted("-t", "tmpfs", "-o", "size=60m,nr_inodes=80", "none", str(disk)):
                pytest.skip("mounting a small disk needs root")
            yield Place(disk, "the disk has no room for more names")
        else:
            yield Place(_with_quota(tmp_path / "image", disk), "a quota is used up")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False, capture_output=True)


def _with_quota(image: Path, disk: Path) -> Path:
    """A folder of 3 MB on a disk of 150."""
    installed("mkfs.btrfs", "btrfs-progs")
    with image.open("wb") as handle:
        handle.truncate(150 << 20)
    subprocess.run(["mkfs.btrfs", "-q", str(image)], check=True, capture_output=True)
    if not mounted("-o", "loop", str(image), str(disk)):
        pytest.skip("mounting a disk with quotas needs root and btrfs")
    for argv in (
        ["quota", "enable", str(disk)],
        ["subvolume", "create", str(disk / "limited")],
        ["qgroup", "limit", "3M", str(disk / "limited")],
    ):
        subprocess.run(["btrfs", *argv], check=True, capture_output=True)
    return disk / "limited"


def watched(place: Path, log: Path, **more: Any) -> Disk:
    return Disk([place], RunLog(log / LOG), lambda text: None, 0.0, every=0.01, **more)


def soon(claim: Callable[[], object]) -> bool:
    deadline = time.monotonic() + 100
    while not claim() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(claim())


def test_a_refused_write_is_said_with_its_cause_and_waited_for_until_one_succeeds(place: Place, tmp_path: Path) -> None:
    disk = watched(place.path, tmp_path)
    place.fill()
    assert not disk.short(), "there is free space"
    disk.was_full(OSError(errno.ENOSPC, "No space left on device"))
    time.sleep(0.05)
    assert f"{place.path} takes no write" in disk.short() and place.said in disk.short()
    assert not disk.hopeless()
    place.free()
    assert soon(lambda: not disk.short())
    assert [line.kind for line in read_log(tmp_path / LOG)] == ["disk_low", "disk_ok"]
    assert "once a write succeeds, and stops after 15 min" in next(read_log(tmp_path / LOG)).text


def test_writes_that_stay_refused_are_hopeless_after_a_while(place: Place, tmp_path: Path) -> None:
    disk = watched(place.path, tmp_path, patience=0.1)
    place.fill()
    disk.was_full(OSError(errno.EDQUOT, "Disk quota exceeded"))
    assert soon(disk.hopeless)
    assert place.said in disk.hopeless()


def test_refusals_that_no_look_explains_are_hopeless_after_some_in_a_row(tmp_path: Path) -> None:
    disk = watched(tmp_path, tmp_path)
    for _ in range(MOST_REFUSALS):
        disk.was_full(OSError(errno.EDQUOT, "Disk quota exceeded"))
        assert not disk.hopeless() and soon(lambda: not disk.short())
    disk.took()
    disk.was_full(OSError(errno.EDQUOT, "Disk quota exceeded"))
    assert not disk.hopeless(), "a trial ended in between"
    for _ in range(MOST_REFUSALS):
        assert soon(lambda: not disk.short())
        disk.was_full(OSError(errno.EDQUOT, "Disk quota exceeded"))
    assert "a write was refused ([Errno 122] Disk quota exceeded)" in disk.hopeless()


def test_a_ledger_maps_no_file_where_writing_through_the_map_could_end_the_process(place: Place) -> None:
    file = place.path / "ledger.sqlite"
    with contextlib.closing(Ledger(file)) as ledger:
        ledger.plan([TrialKey(scenario="s", model="m", repeat=1)])
        assert file.with_name("ledger.sqlite-shm").exists() is (place.said != "a quota is used up")
        ledger.start(1)
        assert [row.state for row in look(file).rows] == ["running"], "others read it meanwhile"
    assert [row.state for row in look(file).rows] == ["running"]


class Filling(Quiet):
    """An Observer that has the disk filled once, when a trial is at work."""

    def __init__(self, place: Place) -> None:
        self._fill = iter([place.fill])

    def phase(self, key: TrialKey, phase: str) -> None:
        if phase == "working":
            next(self._fill, lambda: None)()


@pytest.fixture(autouse=True)
def importable() -> None:
    """Tests are no package; `python:` models need this module under its name."""
    sys.modules.setdefault(__name__, sys.modules[counted.__module__])
    begun.clear()


def test_a_run_whose_writes_are_refused_pauses_stops_with_the_reason_and_can_be_gone_on_with(
    place: Place, tmp_path: Path, write_scenario: Callable[..., Path]
) -> None:
    folder = RunFolder(place.path / "run")
    folder.path.mkdir()
    study = Study(models=(f"python:{__name__}:counted",), repeats=3, concurrency=2, budget=Budget(free_gb=0.0))
    found = {"doubling": load_scenario(write_scenario())}

    def run() -> InMemory:
        engine = Engine(NoEngine(), "memory:")
        return InMemory(
            study, folder, found, load_policy(), None, engine, Filling(place), patience=Patience(disk=1.5)
        )  # fmt: skip

    first = run()
    first.plan()
    worker = threading.Thread(target=first.work)
    worker.start()
    worker.join(400)
    assert not worker.is_alive()
    assert place.said in first.problem and "; it was waited for " in first.problem
    assert len(begun) <= 3 * (MOST_REFUSALS + 1)
    paused = len(begun)

    second = run()
    with pytest.raises(UserError, match=place.said):
        second.work()
    assert len(begun) == paused, "nothing was begun"

    place.free()
    third = run()
    next(third.observer._fill)  # type: ignore[attr-defined]
    third.work()
    assert third.problem == ""
    assert [result.verdict for result in folder.results()] == ["unresolved"] * 3
