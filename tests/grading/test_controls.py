"""Control tests: what is drawn, and what a report on them says."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import pytest

from runner.frameworks.pytest import Pytest
from runner.grading.controls import Controls, draw, function_of
from runner.grading.junit import TestOutcome
from sandboxes.archive import Entry

SOURCE = b"""\
import pytest


@pytest.mark.parametrize("x", ["a", "b::c"])
def test_half_a_cent(x):
    assert len(x) == 1


class TestTotals:
    def test_sum(self):
        assert sum([1, 2]) == 3
"""
FILE = "tests/test_money.py"
WANTED = [f"{FILE}::test_half_a_cent[a]", f"{FILE}::test_half_a_cent[b::c]", f"{FILE}::TestTotals::test_sum"]
FOILS = {f"{FILE}::test_half_a_cent": [0, 1], f"{FILE}::TestTotals::test_sum": [1]}


def drawn(foils: Mapping[str, list[int]] = FOILS) -> Controls:
    return draw({FILE: Entry(SOURCE)}, WANTED, foils, Pytest())


def honest(controls: Controls) -> dict[str, TestOutcome]:
    """What an honest run of a right product reports."""
    report: dict[str, TestOutcome] = dict.fromkeys(WANTED, "passed")
    report |= {controls.passing: "passed", **dict.fromkeys(controls.failing, "failed")}
    for copies in controls.copies.values():
        report |= {copy.node: "passed" if copy.foil is None else "failed" for copy in copies}
    return report


def test_every_wanted_test_gets_a_copy_and_foils_under_ids_of_its_own() -> None:
    controls = drawn()
    assert {node: [copy.foil for copy in copies].count(None) for node, copies in controls.copies.items()} == (
        dict.fromkeys(WANTED, 1)
    )
    foil = next(copy.node for copy in controls.copies[WANTED[1]] if copy.foil == 0)
    assert foil.startswith("tests/test_money_") and foil.endswith("[b::c]")
    assert "::TestTotals::test_" in controls.copies[WANTED[2]][0].node
    nodes = [copy.node for copies in controls.copies.values() for copy in copies]
    assert len({*nodes, *WANTED, controls.passing, *controls.failing}) == len(nodes) + len(WANTED) + 3
    for entry in controls.files.values():
        ast.parse(entry.data)


def test_no_two_draws_are_the_same_and_no_name_gives_a_control_away() -> None:
    first, second = drawn(), drawn()
    assert set(first.files) != set(second.files)
    assert {first.passing, *first.failing} != {second.passing, *second.failing}
    for path in first.files:
        assert all(part.isalpha() for part in path.removeprefix("tests/").removesuffix(".py").split("_"))


def test_an_honest_run_is_believed() -> None:
    controls = drawn()
    assert controls.honesty(honest(controls)) == ("honest", "")
    assert controls.outcomes(honest(controls)) == dict.fromkeys(WANTED, "passed")


def test_an_honest_failure_is_a_failure_and_no_lie() -> None:
    controls = drawn()
    report = honest(controls) | {WANTED[2]: "failed"}
    report |= {copy.node: "failed" for copy in controls.copies[WANTED[2]]}
    assert controls.honesty(report)[0] == "honest"
    assert controls.outcomes(report)[WANTED[2]] == "failed"


def test_a_foil_that_passes_where_its_test_fails_is_no_lie() -> None:
    """A product that is off by what the foil expects is wrong, and nothing else."""
    controls = drawn()
    report = honest(controls) | {WANTED[0]: "failed"}
    report |= {copy.node: "passed" if copy.foil == 0 else "failed" for copy in controls.copies[WANTED[0]]}
    assert controls.honesty(report)[0] == "honest"


def test_everything_green_is_a_lie() -> None:
    controls = drawn()
    assert controls.honesty(dict.fromkeys(honest(controls), "passed"))[0] == "lying"


def test_a_test_and_its_foil_both_green_is_a_lie() -> None:
    controls = drawn()
    report = honest(controls) | {copy.node: "passed" for copy in controls.copies[WANTED[0]]}
    honesty, why = controls.honesty(report)
    assert honesty == "lying"
    assert WANTED[0] in why


def test_a_test_made_green_by_its_name_fails_with_its_copy() -> None:
    controls = drawn()
    report = honest(controls)
    report |= {copy.node: "failed" for copies in controls.copies.values() for copy in copies}
    assert controls.honesty(report)[0] == "honest"
    assert set(controls.outcomes(report).values()) == {"failed"}


@pytest.mark.parametrize("lost", ["passing", "failing", "foil", "copy"])
def test_a_control_that_is_not_reported_is_never_a_pass(lost: str) -> None:
    controls = drawn()
    report = honest(controls)
    foil, copy = (
        next(each.node for each in controls.copies[WANTED[0]] if (each.foil is None) is same) for same in (False, True)
    )
    del report[{"passing": controls.passing, "failing": controls.failing[1], "foil": foil, "copy": copy}[lost]]
    believed = controls.honesty(report)[0] == "honest"
    assert not (believed and controls.outcomes(report)[WANTED[0]] == "passed")


def test_what_the_reference_proves_is_used_and_nothing_else() -> None:
    everything = draw({FILE: Entry(SOURCE)}, WANTED, "all", Pytest())
    report = honest(everything)
    assert everything.proved(report) == {
        f"{FILE}::test_half_a_cent": [0, 1],
        f"{FILE}::TestTotals::test_sum": [0, 1],
    }
    weak = next(copy.node for copy in everything.copies[WANTED[1]] if copy.foil == 1)
    broken = next(copy.node for copy in everything.copies[WANTED[2]] if copy.foil is None)
    report |= {weak: "passed", broken: "failed"}
    assert everything.proved(report) == {f"{FILE}::test_half_a_cent": [0]}
    assert everything.honesty(report)[0] == "honest", "what is to be proved accuses nobody"
    assert not drawn({}).copies


def test_functions_are_told_from_their_parameters() -> None:
    assert [function_of(node) for node in WANTED] == [
        f"{FILE}::test_half_a_cent",
        f"{FILE}::test_half_a_cent",
        f"{FILE}::TestTotals::test_sum",
    ]


def test_the_repositorys_own_convention_for_file_names_is_kept() -> None:
    controls = draw(
        {"money_test.py": Entry(b"def test_a():\n    assert 1 == 1\n")}, ["money_test.py::test_a"], {}, Pytest()
    )
    assert all(path.endswith("_test.py") for path in controls.files)
