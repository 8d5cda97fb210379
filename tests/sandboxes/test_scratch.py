"""Folders for a moment: a killed process's are swept away, a live one's and foreign ones stay."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sandboxes.scratch import scratch, sweep

HOLDER = """
import sys, time
from sandboxes.scratch import scratch
with scratch() as folder:
    (folder / "file").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_a_killed_processs_folder_goes_and_a_live_ones_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    argv, pipe = [sys.executable, "-c", HOLDER], subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as dead:
        assert dead.stdout is not None
        left = Path(dead.stdout.readline().strip())
        dead.kill()
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as alive, scratch() as own:
        assert alive.stdout is not None
        kept = Path(alive.stdout.readline().strip())
        foreign = [tmp_path / name for name in ("taskfit-abc", "taskfit-base-x1", "taskfit-h-1-x-y")]
        for folder in foreign:
            folder.mkdir()
        (tmp_path / "target").mkdir()
        link = left.with_name(left.name[:-8] + "linked00")
        link.symlink_to(tmp_path / "target")
        assert sweep() == [left]
        assert not left.exists()
        assert all(folder.is_dir() for folder in [kept, own, link, *foreign])
    assert not kept.exists() and not own.exists()
