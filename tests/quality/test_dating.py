"""Dates and canaries that would lead estimates of memory astray are said when a scenario is validated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bench.doubling import SCENARIO
from runner.quality.dating import doubts
from runner.quality.validation import Finding
from runner.scenarios.catalog import load_scenario, scenario_folders

TODAY = date(2026, 11, 24)
GOOD = "taskfit-canary-7d0f3b0e-6d5c-4a53-9d63-5c8d0f6f0a11"


@pytest.mark.parametrize(
    ("provenance", "said"),
    [
        (f"canary = '{GOOD}'\npublic_since = 2026-11-24", ""),
        ("public_since = 2026-11-25", ""),
        ("public_since = 2062-01-01", "provenance.public_since = 2062-01-01 lies in the future"),
        ("fixed_on = 2027-01-01", "provenance.fixed_on = 2027-01-01 lies in the future"),
        (
            "origin = 'imported'",
            "provenance.public_since is missing: imported, it counts neither as seen nor as unseen",
        ),
        ("canary = 'taskfit-canary-'", "too short to be known by nobody else"),
        ("canary = 'abc'", "too short to be known by nobody else"),
        ("canary = 'taskfit-canary-I EXPECTED'", "stands in what a model is told"),
    ],
)
def test_what_leads_astray_is_said(write_scenario: Callable[..., Path], provenance: str, said: str) -> None:
    found = load_scenario(write_scenario(**{"scenario.toml": f"{SCENARIO}[provenance]\n{provenance}\n"}))
    spoken = doubts(found, TODAY)
    assert len(spoken) == bool(said)
    assert said in "".join(spoken)
    assert Finding(scenario="s", code="ok", dating=spoken).warnings == list(spoken)


def test_the_scenarios_that_come_with_taskfit_lead_nobody_astray() -> None:
    found = [load_scenario(folder) for folder in scenario_folders().values()]
    assert {each.id: doubts(each, date(2026, 12, 1)) for each in found} == {each.id: () for each in found}
