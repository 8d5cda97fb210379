"""Each operator makes the mutants that it says it makes, and says where."""

from __future__ import annotations

import pytest

from runner.models.repair.mutants import applied, meaning, mutants, surroundings
from runner.models.repair.ranking import PRIORS
from runner.quality.hunks import program


def texts(source: str, operator: str) -> set[str]:
    return {applied(source, one.splices) for one in mutants("a.py", source) if one.operator == operator}


@pytest.mark.parametrize(
    ("operator", "before", "after"),
    [
        ("boundary", "a < b", "a <= b"),
        ("boundary", "a >= b", "a > b"),
        ("equality", "a not in b", "a in b"),
        ("identity", "a is b", "a == b"),
        ("junction", "a and b", "a or b"),
        ("arithmetic", "a + b", "a - b"),
        ("arithmetic", "x += 1", "x -= 1"),
        ("arithmetic", "a / b", "a // b"),
        ("ceiling", "a // b", "-(-a // b)"),
        ("operands", "a - b", "b - a"),
        ("constant", "f(3)", "f(4)"),
        ("constant", "f(3)", "f(2)"),
        ("end", "a[0]", "a[-1]"),
        ("end", "a[-1]", "a[0]"),
        ("offset", "a[:n]", "a[:n + 1]"),
        ("offset", "range(n)", "range(n - 1)"),
        ("offset", "n - 1", "n"),
        ("sign", "f(-x)", "f(x)"),
        ("magnitude", "x * 1000", "x * 1024"),
        ("boolean", "f(True)", "f(False)"),
        ("negation", "f(not x)", "f(x)"),
        ("negation", "a if x else b", "a if not x else b"),
        ("none-check", "a if x else b", "a if x is not None else b"),
        ("none-check", "x or b", "x if x is not None else b"),
        ("none-check", "f(not x)", "f(x is None)"),
        ("half", "a and b", "b"),
        ("arguments", "f(a, b)", "f(b, a)"),
        ("reverse", "sorted(a)", "sorted(a, reverse=True)"),
        ("rounding", "a.quantize(b)", 'a.quantize(b, rounding="ROUND_HALF_UP")'),
        ("unwrap", "int(x)", "x"),
        ("unwrap", "y = x.lower()", "y = x"),
        ("sibling", "min(a, b)", "max(a, b)"),
        ("sibling", "a.append(b)", "a.extend(b)"),
        ("sibling", "re.match(a, b)", "re.fullmatch(a, b)"),
        ("sibling", "timedelta(days=1)", "timedelta(hours=1)"),
        ("sibling", "decimal.ROUND_DOWN", "decimal.ROUND_HALF_UP"),
        ("sibling", 'f("ROUND_HALF_EVEN")', 'f("ROUND_HALF_UP")'),
        ("cousin", "a.startswith(b)", "a.endswith(b)"),
        ("regex", 're.compile(r"a+b")', 're.compile(r"a+?b")'),
        ("regex", 're.match("a.b", c)', r're.match("a\.b", c)'),
        ("regex", 're.compile(r"ab")', 're.compile(r"ab$")'),
        ("regex", 're.compile(r"ab$")', r're.compile(r"ab\Z")'),
        ("regex", r're.compile(r"\d{2}")', r're.compile(r"\d{3}")'),
        ("regex-flag", 're.compile("a")', 're.compile("a", re.IGNORECASE)'),
        ("format", '"%Y-%M"', '"%Y-%m"'),
    ],
)
def test_an_expression(operator: str, before: str, after: str) -> None:
    assert f"{after}\n" in texts(f"{before}\n", operator)


@pytest.mark.parametrize(
    ("operator", "before", "after"),
    [
        ("deletion", "def f():\n    a()\n    b()\n", "def f():\n    b()\n"),
        ("deletion", "def f():\n    a()\n", "def f():\n    pass\n"),
        ("deletion", "def f():\n    if a:\n        b()\n    c()\n", "def f():\n    c()\n"),
        ("exchange", "def f():\n    a()\n    b()\n", "def f():\n    b()\n    a()\n"),
        ("jump", "for a in b:\n    break\n", "for a in b:\n    continue\n"),
        ("outdent", "for a in b:\n    c()\n    d()\n", "for a in b:\n    c()\nd()\n"),
        ("copy", "def f(self):\n    return self.a\n", "def f(self):\n    return self.a.copy()\n"),
        ("default", "def f(a=None): ...\n", "def f(a=0): ...\n"),
        ("return", "def f():\n    return a\n", "def f():\n    return None\n"),
        ("except", "try:\n    a\nexcept KeyError:\n    b\n", "try:\n    a\nexcept Exception:\n    b\n"),
        ("variable", "def f(low, high):\n    return low\n", "def f(low, high):\n    return high\n"),
        ("attribute", "f(a.low)\nf(a.high)\n", "f(a.high)\nf(a.high)\n"),
        (
            "mutable-default",
            'def f(a, b=[]):\n    """Doc."""\n    return b\n',
            'def f(a, b=None):\n    """Doc."""\n    if b is None:\n        b = []\n    return b\n',
        ),
        (
            "sibling",
            "from decimal import ROUND_DOWN\nf(ROUND_DOWN)\n",
            "from decimal import ROUND_HALF_UP\nf(ROUND_HALF_UP)\n",
        ),
        (
            "sibling",
            "from math import floor\nf(floor)\ng(floor)\n",
            "from math import floor, ceil\nf(ceil)\ng(floor)\n",
        ),
    ],
)
def test_a_statement(operator: str, before: str, after: str) -> None:
    assert after in texts(before, operator)


def test_a_member_of_an_enumeration_from_another_file() -> None:
    source = "f(Mode.UP)\n"
    around = surroundings(["class Mode(Enum):\n    UP = 1\n    DOWN = 2\n    other = 3\n"])
    found = [one for one in mutants("a.py", source, around) if one.operator == "member"]
    assert [applied(source, one.splices) for one in found] == ["f(Mode.DOWN)\n"]


def test_annotations_imports_and_docstrings_are_left_alone() -> None:
    source = 'import min\ndef f(a: "x | y[0]") -> x[0]:\n    """Doc."""\n'
    assert mutants("a.py", source) == []


def test_symbols_are_qualified() -> None:
    source = "LIMIT = 3\nclass A:\n    def b(self):\n        return 1 < 2\n"
    symbols = {(one.symbol, one.lines.start) for one in mutants("a.py", source)}
    assert {("LIMIT", 1), ("A.b", 4)} <= symbols


def test_what_may_never_end_is_marked() -> None:
    source = "STEP = 1\ndef f(a):\n    while a < 9:\n        a += STEP\n    return 2\n"
    marked = {(one.lines.start, one.looping) for one in mutants("a.py", source) if one.operator != "boundary"}
    assert {(1, True), (4, True), (5, False)} <= marked
    assert (1, False) not in marked


def test_every_operator_has_a_prior() -> None:
    source = 'import re\ndef f(a=[], *, b=None):\n    """Doc."""\n    return re.sub(r"a+", a[0] or b, a[1:])\n'
    assert {one.operator for one in mutants("a.py", source)} <= PRIORS.keys()


def test_no_program_no_mutants() -> None:
    assert mutants("a.py", "def (") == []
    assert meaning("def (") is None
    assert meaning("a = (1)") == meaning("a = 1")
    assert meaning("return 1") is None


def test_text_beyond_ascii_keeps_its_place() -> None:
    assert 'f("é", a >= b)\n' in texts('f("é", a > b)\n', "boundary")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + ")" * 5000,
        "x = " + "lambda: " * 5000 + "a",
        "if a:\n pass\n" + "elif b:\n pass\n" * 900,
        "x = [" * 9000,
    ],
    ids=["parentheses", "lambdas", "branches", "unfinished"],
)
def test_source_that_is_nested_beyond_all_measure_has_no_mutants_and_no_meaning(text: str) -> None:
    assert mutants("deep.py", text, surroundings([text])) == []
    assert meaning(text) is None
    assert program(text) is None
