"""Weak tests are found on a real engine: a mutant that no test notices survives, and its diff is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.quality.mutations import PUT_BACK, REVERSAL
from runner.quality.proofs import standing
from runner.quality.survival import ENOUGH, Mutant, Outcome, score_of
from runner.quality.validation import Finding, Proving, validate_all
from runner.scenarios.catalog import load_scenario
from sandboxes.client import Engine

WriteScenario = Callable[..., Path]
TWO_HUNKS = """\
--- a/src/calc.py
+++ b/src/calc.py
@@ -1,6 +1,6 @@
 def double(x):
-    return x + 2
+    return x * 2
 
 
 def triple(x):
-    return x * 3
+    return x * 3 if x < 100 else 3 * x
"""

FIX_AND_TEST = """\
--- a/src/calc.py
+++ b/src/calc.py
@@ -1,5 +1,5 @@
 def double(x):
-    return x + 2
+    return x * 2
 
 
 def triple(x):
--- a/tests/test_calc.py
+++ b/tests/test_calc.py
@@ -8,2 +8,2 @@
 def test_triple():
-    assert triple(2) == 6
+    assert triple(3) == 9
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "taskfit"


def proved(engine: Engine, folder: Path, mutants: int = 6, told: list[str] | None = None) -> Finding:
    heard = told if told is not None else []
    how = Proving(repeats=1, mutants=mutants)
    (finding,) = validate_all(
        [load_scenario(folder)], engine, how, say=print, tell=lambda finding: None, progress=heard.append
    )
    return finding


@pytest.mark.engine
def test_a_hunk_that_no_test_needs_is_a_warning_and_no_failure(
    engine: Engine, write_scenario: WriteScenario, own_cache: Path
) -> None:
    folder = write_scenario(**{"solution/solution.patch": TWO_HUNKS})
    told: list[str] = []
    finding = proved(engine, folder, told=told)
    assert finding.ok
    assert finding.mutation is not None
    taken_back = [mutant for mutant in finding.mutation.survivors if mutant.operator == REVERSAL]
    assert len(taken_back) == 1
    assert "-    return x * 3 if x < 100 else 3 * x" in taken_back[0].diff
    assert "1 hunk of the reference fix can be taken back" in finding.warnings[0]
    killed = [mutant for mutant in finding.mutation.mutants if mutant.outcome == "killed"]
    assert killed
    assert all("::" in mutant.why for mutant in killed)
    assert len(told) == 6

    told.clear()
    assert proved(engine, folder, told=told).mutation == finding.mutation
    assert told == [], "graded again although nothing changed"
    for file in (own_cache / "mutants").iterdir():
        file.write_text("{")
    assert proved(engine, folder, told=told).mutation == finding.mutation


@pytest.mark.engine
def test_a_fix_that_its_tests_pin_down_has_no_warning(engine: Engine, write_scenario: WriteScenario) -> None:
    finding = proved(engine, write_scenario())
    assert finding.mutation is not None
    assert (finding.warnings, finding.mutation.survivors) == ([], [])
    assert "mutants killed [" in finding.line
    assert json.loads(finding.model_dump_json())["mutation"]["killed"] == finding.mutation.run > 2


@pytest.mark.engine
def test_tests_that_the_fix_changes_have_no_mutants(engine: Engine, write_scenario: WriteScenario) -> None:
    finding = proved(engine, write_scenario(**{"solution/solution.patch": FIX_AND_TEST}), mutants=20)
    assert finding.mutation is not None
    assert {mutant.path for mutant in finding.mutation.mutants} == {"src/calc.py"}


@pytest.mark.engine
def test_an_instruction_that_quotes_the_fix_is_a_warning(engine: Engine, write_scenario: WriteScenario) -> None:
    patch = TWO_HUNKS.replace("return x * 3 if x < 100 else 3 * x", "return sum([x] * 3)").replace("x * 2", "x + x")
    told = "double(3) gives 5.\n\n    return sum([x] * 3)\n\nmay be of help.\n"
    finding = proved(engine, write_scenario(**{"solution/solution.patch": patch, "instruction.md": told}), mutants=0)
    assert finding.ok
    assert finding.warnings == ["the instruction quotes the reference fix: return sum([x] * 3)"]
    assert "leak 0." in finding.line


@pytest.mark.engine
def test_flaky_tests_are_named_each(engine: Engine, write_scenario: WriteScenario) -> None:
    hidden = (
        "import random\nfrom calc import double\n\n\ndef test_three():\n    assert double(3) == 6\n\n\n"
        "def test_coin():\n    assert random.random() < 0.5\n"
    )
    folder = write_scenario(**{"tests/tests/test_hidden.py": hidden})
    how = Proving(repeats=8)
    (finding,) = validate_all([load_scenario(folder)], engine, how, say=print, tell=lambda finding: None)
    assert finding.code == "flaky"
    assert finding.flaky is not None
    assert finding.flaky.tests == ("tests/test_hidden.py::test_coin",)
    assert standing(load_scenario(folder)).text == "flaky"


def mutant(outcome: Outcome, operator: str = "boundary") -> Mutant:
    return Mutant(path="a.py", line=1, operator=operator, outcome=outcome)


def test_what_was_not_run_is_not_counted() -> None:
    score = score_of([mutant("killed"), mutant("survived"), mutant("broken"), mutant("harness_failed")])
    assert (score.killed, score.run, score.score) == (1, 2, 0.5)
    assert score.low is not None and score.high is not None
    assert 0 < score.low < 0.5 < score.high < 1
    assert score.weak == ""


def test_removed_lines_that_may_stay_are_shown_but_no_warning() -> None:
    found = [mutant("survived", PUT_BACK), mutant("killed")]
    assert score_of(found).weak == ""
    assert len(score_of(found).survivors) == 1
    assert score_of([mutant("survived", REVERSAL), mutant("killed")]).weak.startswith("1 hunk of the reference fix")


def test_a_score_below_a_half_is_weak_and_no_mutant_is_no_score() -> None:
    assert score_of([mutant("survived")] * 2 + [mutant("killed")]).weak.startswith("the tests notice 1 of 3")
    assert ENOUGH == 0.5
    none = score_of([mutant("broken")])
    assert (none.score, none.weak, none.line) == (None, "", "no mutant of the reference fix could be run")
