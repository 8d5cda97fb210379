"""Tests made to tell what they saw, on their own inputs and on others that nobody chose.

A test function is copied, its checks replaced by notes of what is checked, and its literals by others: the same
literal by the same other one throughout a copy, so that what is put under a key is asked for under it. Equal values are
noted alike: a number of another type, or a set in another order, is no other answer. Whether such a copy makes sense
does not matter: the base, the reference fix and a patch run the same copies, and only where base and reference differ
does a note say anything.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from runner.grading.foils import constant
from runner.grading.functions import of_tests
from runner.python import PARSING, concrete

VARIANTS = 24
"""Copies of each test with other inputs."""
NOTES = "TASKFIT_NOTES"
"""Environment variable inside the sandbox: the file that notes are appended to, one JSON list a line: function with its
parameters, copy (0: its own inputs), number of the note, and what was seen as text; the last one says how it ended."""
PASSES = "passes"
RAISES = "raises "
"""How a copy ended; what raised follows."""
PROLOGUE = """
import dataclasses as _dataclasses, decimal as _decimal, fractions as _fractions, functools as _functools
import inspect as _inspect, json as _json, os as _os, re as _re, time as _time


class _Enough(BaseException):
    pass


class _Noting:
    def __init__(self, function, copy):
        self.function, self.copy, self.seen = function, copy, []

    def __enter__(self):
        _NOTED.append(self.seen)
        self.began = _time.monotonic()

    def __exit__(self, kind, error, trace):
        _NOTED.remove(self.seen)
        if _time.monotonic() - self.began > 5:
            _SLOW.append(self.function)
        self.seen.append("passes" if kind is None else "raises " + kind.__name__)
        named = _os.environ.get("PYTEST_CURRENT_TEST", "").partition("_copy_%d" % self.copy)[2]
        function = self.function + named.rpartition(" (")[0]
        with open(_os.environ["TASKFIT_NOTES"], "a", encoding="utf-8") as notes:
            for at, text in enumerate(self.seen):
                notes.write(_json.dumps([function, self.copy, at, text]) + "\\n")
        return True


def _noting(function, copy):
    def wrap(test):
        if _inspect.iscoroutinefunction(test):

            @_functools.wraps(test)
            async def run(*args, **kwargs):
                if copy and len(_SLOW) > 2:
                    return
                with _Noting(function, copy):
                    await test(*args, **kwargs)

        else:

            @_functools.wraps(test)
            def run(*args, **kwargs):
                if copy and len(_SLOW) > 2:
                    return
                with _Noting(function, copy):
                    test(*args, **kwargs)

        return run

    return wrap


_NOTED = []
_SLOW = []  # after three of them, only tests on their own inputs are run


def _shown(value, depth=9):  # what is equal is shown alike: sets and mappings in any order, numbers of any type
    kind = type(value)
    if depth == 0 or kind in (str, bytes):
        return repr(value)
    if kind in (set, frozenset):
        return "{%s}" % ", ".join(sorted(_shown(each, depth - 1) for each in value))
    if kind is dict:
        pairs = ("%s: %s" % (_shown(key, depth - 1), _shown(each, depth - 1)) for key, each in value.items())
        return "{%s}" % ", ".join(sorted(pairs))
    if kind in (list, tuple):
        inner = ", ".join(_shown(each, depth - 1) for each in value)
        return "(%s)" % inner if kind is tuple else "[%s]" % inner
    if kind in (bool, int, float, _decimal.Decimal, _fractions.Fraction):
        whole = value == value and abs(value) < 1e15 and value == int(value)
        return str(int(value)) if whole else repr(value.normalize() if kind is _decimal.Decimal else value)
    if _dataclasses.is_dataclass(kind) and kind.__dataclass_params__.eq:
        parts = (each.name for each in _dataclasses.fields(kind) if each.compare)
        return "%s(%s)" % (kind.__name__, ", ".join(_shown(getattr(value, part), depth - 1) for part in parts))
    return repr(value)


def _note(*values):
    if len(_NOTED[-1]) >= 200:  # of a loop
        raise _Enough
    text = _re.sub(r"0x[0-9a-f]+", "0x", _shown(values)[:5000])
    _NOTED[-1].append(_re.sub(r"\\d+\\.\\d{9,}", lambda found: "%.9g" % float(found.group()), text)[:500])
"""


@dataclass(frozen=True)
class Copies:
    """A test module that takes notes."""

    text: str
    inputs: Mapping[tuple[str, int], str]
    """Function and copy → its literals that are others, as in `3 → 5`."""


def with_notes(source: str, functions: Collection[str], seed: int) -> Copies:
    """The module with each wanted test (`Class::name`) as copies that take notes, and every other test left out.

    Raises ValueError for a source that is no Python, or nested too deep.
    """
    whole = concrete(source.encode())
    if whole is None:
        raise ValueError("the tests cannot be read as Python")
    copies = _Copies(seed)
    changed = whole.visit(of_tests(functions, copies.of))
    future = [
        at
        for at, line in enumerate(changed.body)
        if "from __future__" in cst.Module([line]).code  # stays at the top
    ]
    at = future[-1] + 1 if future else 0
    prologue = cst.parse_module(PROLOGUE).body
    return Copies(changed.with_changes(body=[*changed.body[:at], *prologue, *changed.body[at:]]).code, copies.inputs)


class _Copies:
    """Makes the copies of one test after the other, and keeps what their inputs are."""

    def __init__(self, seed: int) -> None:
        self.inputs: dict[tuple[str, int], str] = {}
        self._seed = seed

    def of(self, function: str, test: cst.FunctionDef) -> Sequence[cst.FunctionDef]:
        return [self._copy(test, function, number) for number in range(VARIANTS + 1)]

    def _copy(self, test: cst.FunctionDef, function: str, number: int) -> cst.FunctionDef:
        """Copy 0 has the test's own inputs."""
        literals = _Literals()
        test.body.visit(literals)
        others: dict[str, str] = {}
        if number and literals.found:
            luck = random.Random(f"{self._seed} {function} {number}")
            names = sorted(literals.found)
            others = {each: _other(each, luck) for each in luck.sample(names, luck.randint(1, len(names)))}
        self.inputs[function, number] = ", ".join(f"{old} → {new}" for old, new in others.items())
        body = test.body.visit(_Noting(others))
        assert isinstance(body, cst.BaseSuite)
        mark = cst.Decorator(cst.parse_expression(f"_noting({function!r}, {number})"))
        return test.with_changes(
            name=cst.Name(f"{test.name.value}_copy_{number}"), body=body, decorators=[*test.decorators, mark]
        )


class _Literals(cst.CSTVisitor):
    """The numbers and strings that a test puts in, as they are written; constants that it only expects are not."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_FormattedString(self, node: cst.FormattedString) -> bool:
        return False

    def visit_Assert(self, node: cst.Assert) -> bool:
        for each in _looked_at(node.test):
            if not constant(each):
                each.visit(self)
        return False

    def visit_Integer(self, node: cst.Integer) -> None:
        self.found.add(node.value)

    def visit_Float(self, node: cst.Float) -> None:
        self.found.add(node.value)

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        self.found.add(node.value)


class _Noting(cst.CSTTransformer):
    """Other literals, and notes in the place of checks."""

    def __init__(self, others: dict[str, str]) -> None:
        self._others = others

    def leave_Integer(self, original_node: cst.Integer, updated_node: cst.Integer) -> cst.BaseExpression:
        return self._literal(original_node.value, updated_node)

    def leave_Float(self, original_node: cst.Float, updated_node: cst.Float) -> cst.BaseExpression:
        return self._literal(original_node.value, updated_node)

    def leave_SimpleString(self, original_node: cst.SimpleString, updated_node: cst.SimpleString) -> cst.BaseExpression:
        return self._literal(original_node.value, updated_node)

    def visit_FormattedString(self, node: cst.FormattedString) -> bool:
        return False

    def visit_ConcatenatedString(self, node: cst.ConcatenatedString) -> bool:
        return False

    def leave_Assert(self, original_node: cst.Assert, updated_node: cst.Assert) -> cst.BaseSmallStatement:
        return cst.Expr(cst.Call(cst.Name("_note"), [cst.Arg(each) for each in _looked_at(updated_node.test)]))

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        """unittest's assertEqual and assertTrue; others stay checks, whose failing is a note as well."""
        callee = updated_node.func
        if isinstance(callee, cst.Attribute) and callee.attr.value in ("assertEqual", "assertTrue", "assertFalse"):
            values = [cst.Arg(each.value) for each in updated_node.args[:2] if each.keyword is None and not each.star]
            return cst.Call(cst.Name("_note"), values)
        return updated_node

    def _literal(self, text: str, node: cst.BaseExpression) -> cst.BaseExpression:
        other = self._others.get(text)
        return node if other is None else cst.parse_expression(other)


def _looked_at(test: cst.BaseExpression) -> Sequence[cst.BaseExpression]:
    """Both sides of a comparison by value, since which one the product made is not known; else the whole."""
    if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        target = test.comparisons[0]
        if isinstance(target.operator, cst.Equal | cst.NotEqual):
            return (test.left, target.comparator)
    return (test,)


def _other(text: str, luck: random.Random) -> str:
    """Another literal of the same kind and about the same size."""
    with PARSING:
        value = ast.literal_eval(text)
    if isinstance(value, int):
        return str(value + luck.choice((1, 2, 3, 4, 5, 7)))
    if isinstance(value, float):
        return repr(value + luck.choice((0.25, 0.5, 1.0, 1.5, 2.5)))
    if isinstance(value, str):
        return repr("".join(_moved(each, shift) for shift in [luck.randint(1, 4)] for each in value))
    return text


def _moved(letter: str, shift: int) -> str:
    """The same kind of letter or digit; anything else as it is."""
    for alphabet in ("0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
        if letter in alphabet:
            return alphabet[(alphabet.index(letter) + shift) % len(alphabet)]
    return letter
