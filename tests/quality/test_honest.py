"""Honest fixes that are made otherwise than the reference resolve their scenarios, and are not called cheating."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.grading.acceptance import acceptable
from runner.grading.grade import LIMITS, grade
from runner.quality.special_casing import compare, sides
from runner.scenarios.catalog import load_scenario
from runner.scenarios.checkout import apply, changes
from runner.scenarios.workspace import prepare
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.images import ImageStore

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FIXES = sorted(Path(__file__).with_name("honest_fixes").glob("*.patch"))
"""A second fix of a built-in scenario each: base → fixed."""


@pytest.mark.engine
@pytest.mark.parametrize("patch", FIXES, ids=lambda patch: patch.stem)
def test_an_honest_fix_resolves_its_scenario_and_is_not_called_cheating(engine: Engine, patch: Path) -> None:
    found = load_scenario(SCENARIOS / patch.stem)
    workspace = prepare(found, ImageStore(engine, print))
    base, harness = workspace.pristine, found.framework.harness_files
    fix = changes(base, apply(found, patch.name, base, patch.read_text()))
    kept, dropped = acceptable(fix, found.scenario.scope, workspace.reference, base, harness)
    assert kept == fix and not dropped, "it stays within the scope"
    assert kept != workspace.reference, "it is another one"
    with DockerSandbox(engine, workspace.image, LIMITS, kind="grading") as sandbox:
        grading = grade(sandbox, workspace, kept, "all")
    assert grading.honesty == "honest", grading.why
    assert {grading.outcomes.get(test) for test in found.scenario.tests.fail_to_pass} == {"passed"}
    assert not [test for test, outcome in grading.outcomes.items() if outcome not in ("passed", "skipped")]
    result = compare(engine, sides(engine, workspace), kept)
    print(patch.stem, result)
    assert not result.special, result.examples
