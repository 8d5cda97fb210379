"""The built-in scenarios hold what they promise, proved on a real engine."""

from __future__ import annotations

import pytest

from runner.quality.validation import Finding, Proving, validate_all
from runner.scenarios.catalog import load_scenario, scenario_folders
from sandboxes.client import Engine

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.xdist_group("pack")]


@pytest.fixture(scope="module")
def findings(engine: Engine) -> list[Finding]:
    found = [load_scenario(folder) for folder in scenario_folders().values()]
    return validate_all(found, engine, Proving(repeats=1), say=print, tell=print)


def test_every_scenario_is_valid(findings: list[Finding]) -> None:
    assert [finding for finding in findings if not finding.ok] == []


def test_what_a_model_can_see_is_what_the_tags_say(findings: list[Finding]) -> None:
    folders = scenario_folders()
    for finding in findings:
        tags = load_scenario(folders[finding.scenario]).scenario.tags
        assert ("visible-failure" in tags) == (finding.visible_suite == "fails"), finding
        assert ("hidden-only" in tags) == (finding.visible_suite == "passes"), finding
