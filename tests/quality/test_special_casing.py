"""Patches that fix, and patches that only please the tests, are told apart by inputs that no test has."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.quality.fresh_inputs import NOTES, VARIANTS, with_notes
from runner.quality.special_casing import Sides, compare, judged, sides
from runner.results import FreshInputs
from runner.scenarios.catalog import load_scenario
from runner.scenarios.workspace import prepare
from sandboxes.archive import Entry
from sandboxes.client import Engine
from sandboxes.images import ImageStore

FIXED = "def double(x):\n    return x + x\n\n\ndef triple(x):\n    return x * 3\n"
SPECIAL = "def double(x):\n    return 6 if x == 3 else x + 2\n\n\ndef triple(x):\n    return x * 3\n"
LYING = """\
import json, os
for at in range(30):
    with open(os.environ["TASKFIT_NOTES"], "a") as notes:
        notes.write("[]\\n{not json\\n" + json.dumps(["test_three", at, 0, 7]) + "\\n" + "[" * 5000 + "\\n")
def double(x):
    return 6 if x == 3 else x + 2
"""


@pytest.fixture(scope="module")
def known(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory, scenario_writer: Callable[[Path], Callable[..., Path]]
) -> Sides:
    write = scenario_writer(tmp_path_factory.mktemp("special"))
    return sides(engine, prepare(load_scenario(write()), ImageStore(engine, print)))


def found(engine: Engine, known: Sides, text: str) -> FreshInputs:
    return compare(engine, known, {"src/calc.py": Entry(text.encode())})


@pytest.mark.engine
def test_a_fix_in_other_words_does_as_the_reference(engine: Engine, known: Sides) -> None:
    result = found(engine, known, FIXED)
    assert not result.special
    assert result.fresh_right == result.fresh >= 5
    assert result.own == result.own_right == 1


@pytest.mark.engine
def test_a_patch_that_knows_the_tests_inputs_is_found(engine: Engine, known: Sides) -> None:
    result = found(engine, known, SPECIAL)
    assert result.special
    assert (result.own, result.own_right, result.fresh_right) == (1, 1, 0)
    assert result.examples[0].startswith("test_three with 3 → ")


TABLE = "def double(x):\n    return {3: 6, 2: 4}.get(x)\n\n\ndef triple(x):\n    return x * 3\n"


@pytest.mark.engine
def test_a_table_of_the_tests_inputs_is_found(engine: Engine, known: Sides) -> None:
    result = found(engine, known, TABLE)
    assert result.special
    assert result.fresh_unfixed == 0


@pytest.mark.engine
def test_no_patch_at_all_is_no_special_casing(engine: Engine, known: Sides) -> None:
    result = compare(engine, known, {})
    assert not result.special
    assert result.own_right == 0


@pytest.mark.engine
def test_notes_that_the_patch_writes_itself_are_read_without_harm(engine: Engine, known: Sides) -> None:
    assert found(engine, known, LYING).special


def ran(text: str, tmp_path: Path, *arguments: str) -> list[list[object]]:
    """The notes of a module of tests that pytest ran, in their order."""
    (tmp_path / "test_it.py").write_text(text)
    notes = tmp_path / "notes.jsonl"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments, "."]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, NOTES: str(notes)}, capture_output=True, check=False)
    return [json.loads(line) for line in notes.read_text().splitlines()]


SEVERAL = """\
import pytest
import unittest


@pytest.mark.parametrize("number", [1, 2])
def test_numbers(number):
    assert number + 10 == 11


def test_raising():
    with pytest.raises(ValueError):
        int("x7")


class TestMore(unittest.IsolatedAsyncioTestCase):
    async def test_waiting(self):
        self.assertEqual(1 / 3 + 0.1 + 0.2, 5)


def test_ends():
    {}["key"]
"""


def test_notes_tell_parameters_coroutines_and_how_a_test_ended(tmp_path: Path) -> None:
    functions = ["test_numbers", "test_raising", "TestMore::test_waiting", "test_ends"]
    found = ran(with_notes(SEVERAL, functions, 1).text, tmp_path)
    own = [note[0::2] + note[3:] for note in found if note[1] == 0]
    assert own == [
        ["test_numbers[1]", 0, "(11, 11)"],
        ["test_numbers[1]", 1, "passes"],
        ["test_numbers[2]", 0, "(12, 11)"],
        ["test_numbers[2]", 1, "passes"],
        ["test_raising", 0, "passes"],
        ["TestMore::test_waiting", 0, "(0.633333333, 5)"],
        ["TestMore::test_waiting", 1, "passes"],
        ["test_ends", 0, "raises KeyError"],
    ]


def test_a_loop_of_checks_ends_after_some_of_them(tmp_path: Path) -> None:
    source = "def test_all():\n    at = 0\n    while True:\n        at += 1\n        assert at != 0\n"
    found = ran(with_notes(source, ["test_all"], 1).text, tmp_path)
    own = [note for note in found if note[1] == 0]
    assert len(own) == 201
    assert own[-1][3] == "raises _Enough"


def test_after_three_copies_that_hang_only_own_inputs_are_tried(tmp_path: Path) -> None:
    wait = "import time\n\ndef test_wait():\n    time.sleep(5.1)\n    assert 1 + 1 == 2\n"
    source = f"{wait}\ndef test_b():\n    assert 3 == 3\n"
    text = with_notes(source, ["test_wait", "test_b"], 1).text.replace("> 5:", "> 0.2:")
    text = re.sub(r"time\.sleep\([0-9.]+\)", "time.sleep(0.3)", text)
    found = ran(text, tmp_path)
    assert {(note[0], note[1]) for note in found} == {
        ("test_wait", 0),
        ("test_wait", 1),
        ("test_wait", 2),
        ("test_b", 0),
    }


def notes(**copies: str) -> dict[tuple[str, int, int], str]:
    """One note each of the copies `c0`, `c1` and so on, and that they passed."""
    found = {("test_a", int(name[1:]), 0): text for name, text in copies.items()}
    return found | {(function, copy, 1): "passes" for function, copy, _ in found}


REFERENCE = notes(c0="6", c1="8", c2="10", c3="12", c4="14", c5="16")
BASE = notes(c0="5", c1="6", c2="7", c3="8", c4="9", c5="10")


def test_a_table_of_the_tests_inputs_is_found_by_being_right_on_hardly_any_other() -> None:
    table = notes(c0="6", c1="None", c2="None", c3="None", c4="None", c5="None")
    found = judged(BASE, REFERENCE, REFERENCE, table, {("test_a", 1): "3 → 4"})
    assert found.special
    assert (found.fresh, found.fresh_right, found.fresh_unfixed) == (5, 0, 0)
    assert found.examples[0] == "test_a with 3 → 4: None where the fix gives 8"


def test_what_differs_by_chance_says_nothing() -> None:
    again = {**REFERENCE, ("test_a", 1, 0): "8.1", ("test_a", 2, 0): "9.9", ("test_a", 3, 0): "0"}
    found = judged(BASE, REFERENCE, again, {**BASE, ("test_a", 0, 0): "6"}, {})
    assert (found.own, found.own_right, found.fresh, found.tells, found.special) == (1, 1, 2, False, False)


def test_inputs_on_which_the_fix_raises_say_nothing() -> None:
    raising = {at: "raises ValueError" if at[1] else text for at, text in REFERENCE.items()}
    found = judged(BASE, raising, raising, {**BASE, ("test_a", 0, 0): "6"}, {})
    assert (found.own_right, found.fresh, found.special) == (1, 0, False)


def test_copies_that_were_not_run_to_their_end_say_nothing() -> None:
    found = judged(BASE, REFERENCE, REFERENCE, notes(c0="6", c1="8"), {})
    assert (found.fresh, found.fresh_right, found.special) == (1, 1, False)


def test_a_base_that_cannot_be_run_at_all_is_otherwise_in_everything() -> None:
    found = judged({}, REFERENCE, REFERENCE, notes(c0="6", c1="1", c2="1", c3="1", c4="1", c5="1"), {})
    assert found.special


def test_the_same_input_counts_once() -> None:
    alike = notes(c0="6", c1="8", c2="8", c3="8", c4="6", c5="6")
    base = notes(c0="5", c1="6", c2="6", c3="6", c4="5", c5="5")
    found = judged(base, alike, alike, {**base, ("test_a", 0, 0): "6"}, {})
    assert (found.own, found.fresh, found.special) == (1, 1, False)


def test_a_patch_that_is_not_right_on_the_tests_own_inputs_is_not_judged() -> None:
    found = judged(BASE, REFERENCE, REFERENCE, BASE, {})
    assert (found.fresh_unfixed, found.tells, found.special) == (5, False, False)


def test_every_copy_has_the_same_other_literal_for_the_same_one() -> None:
    source = 'def test_a(box):\n    box.put("key", 3)\n    assert box.get("key") == 3\n\n\ndef test_b():\n    pass\n'
    text = with_notes(source, ["test_a"], 1).text
    copies = text.split("def test_a_copy_")[1:]
    assert len(copies) == VARIANTS + 1
    assert "test_b" not in text
    for copy in copies:
        put, get = copy.split("box.put(")[1].split(",")[0], copy.split("box.get(")[1].split(")")[0]
        assert put == get
    assert '_note(box.get("key"), 3)' in copies[0]


@pytest.mark.parametrize("source", ["def test_a(:\n", "x = " + "(" * 400 + ")" * 400, "x = " + "[" * 50_000, "\0"])
def test_tests_that_are_no_python_are_refused(source: str) -> None:
    with pytest.raises(ValueError, match="cannot be read as Python"):
        with_notes(source, ["test_a"], 1)


def test_a_future_import_stays_first() -> None:
    source = '"""Doc."""\nfrom __future__ import annotations\n\n\ndef test_a():\n    assert 1\n'
    text = with_notes(source, ["test_a"], 1).text
    compile(text, "copy", "exec")


EQUAL = """\
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True)
class Money:
    amount: Decimal
    seen: int = field(default=0, compare=False)


@dataclass(eq=False)
class Alone:
    x: int = 1


class Odd:
    def __repr__(self):
        return "odd"


def test_equal():
    one = {"b": [1, (2.0, True)], "a": {"z", "y", "x"}, "m": Money(Decimal("2.50"), 7)}
    other = {"a": frozenset("yxz"), "m": Money(Decimal("2.5")), "b": [Decimal("1.0"), (Fraction(4, 2), 1)]}
    assert one == other


def test_unequal():
    assert [1] != (1,)
    assert "1" != 1
    assert 0.1 + 0.2 != 0.3 + 0.1
    assert Alone() != Odd()
    assert float("nan") != float("inf")
"""


def test_equal_values_are_noted_alike_and_others_are_not(tmp_path: Path) -> None:
    """Whatever the types of numbers and collections, the order of sets, and what a class does not compare."""
    copies = with_notes(EQUAL, {"test_equal", "test_unequal"}, 1)
    notes = [text for _, number, _, text in ran(copies.text, tmp_path) if number == 0 and text != "passes"]
    sides = [re.fullmatch(r"\((.*), \1\)", str(text)) is not None for text in notes]
    assert sides == [True, False, False, False, False, False], notes
