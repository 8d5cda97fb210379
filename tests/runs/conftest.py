"""Runs are about trials that come to a verdict, whatever tests decide it: those that start soonest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.doubling import writer


@pytest.fixture
def write_scenario(tmp_path: Path) -> Callable[..., Path]:
    return writer(tmp_path, "unittest")
