"""A run that is killed, stopped, starved of disk, and loses containers and engine, comes to the same end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.chaos import disturbed
from bench.daemon import Daemon, NoSecondEngine
from bench.disasters import CAP, TRIALS, USD, Night, night_of, small_disk

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture
def night(daemon: Daemon, tmp_path: Path) -> Iterator[Night]:
    try:
        with small_disk(tmp_path / "disk") as disk:
            yield night_of(daemon, disk, tmp_path)
    except NoSecondEngine as error:
        pytest.skip(str(error))


def evidence(out: Path, wrong: list[str]) -> str:
    """What happened in the trials that came to another verdict."""
    places = [out / f"trials/{name.replace('.', '.python-chaosmodel-priced-*.control.')}" for name in wrong]
    files = [file for place in places for file in out.glob(f"{place.relative_to(out)}/events.jsonl")]
    return "\n".join(file.read_text()[-6000:] for file in files)


def test_thirty_disasters_change_no_verdict_pass_no_cap_and_leave_nothing_behind(night: Night) -> None:
    morning = disturbed(night)

    assert sum(morning.struck.values()) == 30
    assert morning.lost == (), "no finished trial was lost or repeated"
    assert len(morning.verdicts) == TRIALS
    assert morning.verdicts == morning.wanted, evidence(night.out, morning.changed)
    assert set(morning.wanted.values()) == {"resolved", "unresolved"}

    assert morning.billed >= 240 and morning.uncovered <= 1e-9, "what a call can take was on disk before it was made"
    assert morning.looks > 100 and morning.most <= CAP
    assert morning.billed * USD <= morning.committed + 1e-9 <= CAP

    assert morning.left == ()
    assert {"started", "resumed", "retried", "engine_back", "disk_ok", "ended"} <= morning.log
