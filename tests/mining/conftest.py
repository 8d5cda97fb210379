"""A repository with a fault in it, and a walk over its history."""

from __future__ import annotations

from pathlib import Path

import pytest

from histories import START, Mine, Repository
from runner.mining.history import LeftOut, Search, leads
from runner.mining.issues import Issues
from runner.mining.source import opened
from runner.scenarios.proposal import Lead


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """One commit, healthy but for a fault in `Cart.total`."""
    made = Repository(tmp_path / "shop")
    made.commit(START, "Begin")
    return made


@pytest.fixture
def mine(tmp_path: Path) -> Mine:
    def mine(place: Path | str, issues: Issues | None = None, **search: object) -> list[Lead | LeftOut]:
        return list(leads(opened(place, tmp_path / "copies"), Search(**search), issues))  # type: ignore[arg-type]

    return mine
