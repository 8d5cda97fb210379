"""Edits are unique in the file they are made in, and undoing them gives the file back."""

from __future__ import annotations

import pytest

from runner.models.repair import answers
from runner.models.repair.mutants import applied, mutants
from runner.models.repair.patches import edits, shown

REPETITIVE = """import re
from decimal import ROUND_DOWN


def f(a, b):
    if a < b:
        return a
    return a


def g(a, b, c=[]):
    if a < b:
        return a
    return round(a, ROUND_DOWN)
"""


@pytest.mark.parametrize("text", [REPETITIVE, REPETITIVE.rstrip(), REPETITIVE.replace("\n", "\r\n")])
def test_every_mutant_is_made_and_unmade(text: str) -> None:
    found = mutants("a.py", text)
    assert len(found) > 20
    for mutant in found:
        made = edits("a.py", text, mutant.splices)
        now = text
        for edit in made:
            assert now.count(edit.old) == 1
            now = now.replace(edit.old, edit.new)
        assert now == applied(text, mutant.splices)
        for edit in reversed(made):
            assert now.count(edit.undone().old) == 1
            now = now.replace(edit.undone().old, edit.undone().new)
        assert now == text


def test_people_are_shown_the_changed_lines_alone() -> None:
    (mutant,) = [one for one in mutants("a.py", REPETITIVE) if one.operator == "boundary" and one.lines.start == 6]
    assert shown(edits("a.py", REPETITIVE, mutant.splices)) == ("if a < b:", "if a <= b:")


@pytest.mark.parametrize(
    ("line", "test"),
    [
        ("FAILED tests/test_a.py::test_b - assert 1 == 2", "tests/test_a.py::test_b"),
        ("FAILED tests/test_a.py::C::test_b", "tests/test_a.py::C::test_b"),
        ("FAILED tests/test_a.py::test_b[x - y] - assert 1", "tests/test_a.py::test_b[x - y]"),
        ("FAILED tests/test_a.py::test_b[x] - assert [1] - 2", "tests/test_a.py::test_b[x]"),
        ("ERROR tests/test_a.py - ImportError: x", "tests/test_a.py"),
        ("ERROR tests/test_a.py::test_b - KeyError: [1] - 2", "tests/test_a.py::test_b"),
    ],
)
def test_failing_tests_are_read_from_the_summary(line: str, test: str) -> None:
    assert answers.failing(f"exit code 1\n..F\n{line}\n{line}\n1 failed") == (test,)


def test_green_needs_a_test_that_passed() -> None:
    assert answers.green("exit code 0\n.\n1 passed in 0.01s")
    assert not answers.green("exit code 5\nno tests ran")
    assert not answers.green("exit code 0\n1 skipped")
    assert not answers.green("killed after 120 s\n1 passed")
    assert not answers.green("")


def test_numbered_lines_and_how_many_there_are() -> None:
    text = "1\tdef f():\n2\t\treturn\n(lines 1-2 of 9)"
    assert answers.numbered(text) == {1: "def f():", 2: "\treturn"}
    assert answers.extent(text) == 9
    assert answers.extent("garbage") is None
