"""Suspicion follows the published formula, and the order of trying follows suspicion, priors and the report."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from runner.models.repair.affinity import Affinity
from runner.models.repair.mutants import applied, mutants
from runner.models.repair.probe import INHERITED, controlled, inherited, is_source, ochiai, scored
from runner.models.repair.ranking import ranked
from runner.models.repair.spectrum import RAISED, command, guessed, measured


@pytest.mark.parametrize(
    ("failed_here", "passed_here", "failed", "score"),
    [(1, 0, 1, 1.0), (1, 1, 1, 1 / math.sqrt(2)), (1, 3, 1, 0.5), (1, 0, 4, 0.5), (2, 6, 2, 0.5), (0, 5, 1, 0.0)],
)
def test_ochiai_by_hand(failed_here: int, passed_here: int, failed: int, score: float) -> None:
    assert ochiai(failed_here, passed_here, failed) == pytest.approx(score)


def test_a_spectrum_by_hand() -> None:
    """Line 1 is executed by one failing and three passing tests, line 2 by the failing one, line 3 by none."""
    executed = {
        "bad": {("a.py", 1), ("a.py", 2)},
        "x": {("a.py", 1)},
        "y": {("a.py", 1), ("a.py", 3)},
        "z": {("a.py", 1)},
    }
    assert scored(executed, ["bad"]) == {"a.py": {1: 0.5, 2: 1.0}}


def test_a_condition_is_suspected_for_what_it_lets_through(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f(a):\n    if a:\n        return 1\n    return 2\n")
    through = controlled(str(tmp_path), {"a.py": {2: 0.3, 3: 1.0}})
    past = controlled(str(tmp_path), {"a.py": {2: 0.3, 4: 1.0}})
    assert through["a.py"][2] == past["a.py"][2] == INHERITED


def test_a_constant_is_suspected_for_those_who_name_it(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from b import LIMIT\ndef f(a):\n    return a < LIMIT\n")
    (tmp_path / "b.py").write_text("LIMIT = 3\nOTHER = 4\n")
    assert inherited(str(tmp_path), {"a.py": {3: 0.8}})["b.py"] == {1: pytest.approx(0.8 * INHERITED)}


@pytest.mark.parametrize("path", ["tests/a.py", "test_a.py", "a_test.py", "conftest.py", ".venv/a.py", "a.txt", ""])
def test_no_source(path: str) -> None:
    assert not is_source(path)


def test_the_better_prior_goes_first_on_a_line_and_the_higher_suspicion_between_lines() -> None:
    source = "def f(a, b):\n    x = a < b\n    return a < b\n"
    order = order_of(source, {2: 0.4, 3: 0.9}, "")
    assert order[0] == "def f(a, b):\n    x = a < b\n    return a <= b\n"
    assert all("return a < b" in text for text in order_of(source, {2: 0.4}, ""))


def test_words_of_the_report_break_ties() -> None:
    source = "def parse(a, b):\n    return a < b\ndef rounded(a, b):\n    return a < b\n"
    assert order_of(source, {2: 0.5, 4: 0.5}, "The rounding is wrong")[0].endswith("<= b\n")
    assert order_of(source, {2: 0.5, 4: 0.5}, "Parsing is wrong")[0].endswith("< b\n")


def order_of(source: str, lines: dict[int, float], report: str) -> list[str]:
    sources = {"a.py": source}
    ranking = ranked(mutants("a.py", source), {"a.py": lines}, sources, Affinity(sources, report))
    return [applied(source, one.mutant.splices) for one in ranking]


def test_a_probe_answer_is_found_in_noise_and_noise_is_no_answer() -> None:
    answer = '{"failed":["t"],"passed":3,"raised":[["a.py",2]],"files":{"a.py":[[1,0.5],[2,0.8]]}}'
    spectrum = measured(f"exit code 0\nnoise\nrepair-probe:{answer}\nmore")
    assert spectrum.scores == {"a.py": {1: 0.5, 2: 0.8 * RAISED}}
    assert spectrum.failed == ("t",)
    for noise in ("", "repair-probe:", "repair-probe:[]", "repair-probe:{}", f"repair-probe:{answer[:-9]}"):
        assert not measured(noise).scores


def test_near_a_traceback_is_more_suspicious_than_far() -> None:
    scores = guessed([("a.py", 20), ("tests/test_a.py", 3)]).scores
    assert scores.keys() == {"a.py"}
    assert scores["a.py"][20] > scores["a.py"][19] > scores["a.py"][15]
    assert 40 not in scores["a.py"]


def test_the_probe_leaves_nothing_behind(repository: Any) -> None:
    workspace = repository(
        a="def f():\n    return 1\n", tests__test_a="from a import f\ndef test_f(): assert f() == 2\n"
    )
    spectrum = measured(workspace.run_command(command(), 60))
    assert spectrum.scores["a.py"][2] == 1.0
    assert spectrum.failed == ("tests/test_a.py::test_f",)
    assert not list(workspace.root.rglob("__pycache__"))
    assert workspace.files() == workspace.original
