"""What people name on the command line is what they get."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.cli.places import transcript_of
from runner.errors import UserError
from runner.runs.folder import LOCK


def test_a_path_that_leads_nowhere_is_never_the_latest_runs_trial_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    latest = tmp_path / "runs" / "new"
    events = latest / "trials" / "s.m.control.1" / "events.jsonl"
    events.parent.mkdir(parents=True)
    events.touch()
    (latest / LOCK).write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert transcript_of(Path("s.m.control.1")).resolve() == events
    with pytest.raises(UserError, match="is not there"):
        transcript_of(Path("runs/old/trials/s.m.control.1"))
