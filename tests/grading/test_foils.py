"""Foils and copies, decided on source text alone."""

from __future__ import annotations

import pytest

from runner.grading.copies import Copy, count_foils, with_copies


def foils(body: str, signature: str = "def test_it():") -> list[str]:
    """The last line of each foil of a test with this body."""
    source = f"{signature}\n    {body}\n"
    count = count_foils(source, ["test_it"])["test_it"]
    made = [with_copies(source, {"test_it": [Copy("test_it", number)]}) for number in range(count)]
    return [code.splitlines()[-1].strip() for code in made]


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("assert f(3) == 6", ["assert f(3) == 8", "assert f(3) != 6"]),
        ("assert 6 == f(3)", ["assert 8 == f(3)", "assert 6 != f(3)"]),
        ("assert f(3) == f(4)", ["assert f(3) != f(4)"]),
        ("assert f(3) == -1.5", ["assert f(3) == -4.0", "assert f(3) != -1.5"]),
        ('assert f() == "2024-05-31"', ['assert f() == "2024-05-33"', 'assert f() != "2024-05-31"']),
        ("assert f() == [1, 'ab']", ["assert f() == [1, 'ad']", "assert f() != [1, 'ab']"]),
        ('assert f() == {"a": True}', ['assert f() == {"a": False}', 'assert f() != {"a": True}']),
        (
            'assert f() == Money.of("1.50", "EUR")',
            ['assert f() == Money.of("1.52", "EUR")', 'assert f() != Money.of("1.50", "EUR")'],
        ),
        ("assert f() == b'x'", ["assert f() == b'z'", "assert f() != b'x'"]),
        ("assert f() is None", ["assert f() is not None"]),
        ("assert x in f()", ["assert x not in f()"]),
        ("assert f() and g()", ["assert not (f() and g())"]),
        ("assert not f()", ["assert f()"]),
        ("self.assertEqual(f(3), 6)", ["self.assertEqual(f(3), 8)", "self.assertNotEqual(f(3), 6)"]),
        ("self.assertTrue(f())", ["self.assertFalse(f())"]),
        ("with pytest.raises(ValueError): f()", ["with pytest.raises(FloatingPointError): f()"]),
        ("f()", []),
    ],
)
def test_a_foil_expects_something_else_of_the_same_calls(check: str, expected: list[str]) -> None:
    assert foils(check) == expected


def test_the_sharpest_foils_come_first_and_the_last_check_before_the_others() -> None:
    assert foils("assert a == 1\n    assert b == 2")[:2] == ["assert b == 4", "assert b == 2"]


MODULE = """\
import pytest


@pytest.fixture
def three():
    return 3


@pytest.mark.parametrize("x", [1, 2])
def test_wanted(x, three):
    assert x + three == 4


def test_other():
    assert True


class TestGroup:
    def test_inner(self):
        assert helper(1) == 1

    def test_left_out(self):
        assert False


def helper(x):
    return x
"""


def test_copies_keep_decorators_fixtures_and_helpers_and_leave_other_tests_out() -> None:
    code = with_copies(
        MODULE,
        {"test_wanted": [Copy("test_a"), Copy("test_b", 0)], "TestGroup::test_inner": [Copy("test_c")]},
    )
    assert code.count('@pytest.mark.parametrize("x", [1, 2])') == 2
    assert "def test_a(x, three):\n    assert x + three == 4" in code
    assert "def test_b(x, three):\n    assert x + three == 6" in code
    assert "    def test_c(self):\n        assert helper(1) == 1" in code
    assert "def three():" in code and "def helper(x):" in code
    assert "test_other" not in code and "test_left_out" not in code and "test_wanted" not in code
    compile(code, "copies", "exec")


def test_a_class_whose_tests_are_all_left_out_still_compiles() -> None:
    compile(with_copies(MODULE, {"test_wanted": [Copy("test_a")]}), "copies", "exec")


@pytest.mark.parametrize("source", ["def broken(:\n", "x = " + "(" * 2000, ""])
def test_a_source_that_cannot_be_read_has_no_foils(source: str) -> None:
    assert count_foils(source, ["test_it"]) == {}
