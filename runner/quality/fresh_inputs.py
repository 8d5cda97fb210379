"""Tests made to tell what they saw, on their own inputs and on others that nobody chose.

A test function is copied, its checks replaced by notes of what is checked, and its literals by others: the same
literal by the same other one throughout a copy, so that what is put under a key is asked for under it. Whether such a
copy makes sense does not matter: the base, the reference fix and a patch run the same copies, and only where base and
reference differ does a note say anything.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Collection, Sequence

import libcst as cst

from runner.grading.foils import PARSING, constant

VARIANTS = 24
"""Copies of each test with other inputs."""
NOTES = "TASKFIT_NOTES"
"""Environment variable inside the sandbox: the file that notes are appended to, one JSON list a line: function, copy
(0: its own inputs), number of the note, and what was seen as text."""
PROLOGUE = """
import functools as _functools, json as _json, os as _os, re as _re


def _noting(function, copy):
    def wrap(test):
        @_functools.wraps(test)
        def run(*args, **kwargs):
            seen = []
            _NOTED.append(seen)
            try:
                test(*args, **kwargs)
            except BaseException as error:
                seen.append("raises " + type(error).__name__)
            finally:
                _NOTED.pop()
                with open(_os.environ["TASKFIT_NOTES"], "a", encoding="utf-8") as notes:
                    for at, text in enumerate(seen):
                        notes.write(_json.dumps([function, copy, at, text]) + "\\n")
        return run
    return wrap


_NOTED = []


def _note(*values):
    _NOTED[-1].append(_re.sub(r"0x[0-9a-f]+", "0x", repr(values))[:500])
"""


def with_notes(source: str, functions: Collection[str], seed: int) -> str:
    """The module with each wanted test (`Class::name`) as copies that take notes, and every other test left out.

    Raises ValueError for a source that is no Python.
    """
    try:
        with PARSING:
            ast.parse(source)
        whole = cst.parse_module(source)
    except (SyntaxError, ValueError, MemoryError, RecursionError, cst.ParserSyntaxError) as error:
        raise ValueError(f"the tests cannot be read as Python: {error}") from None
    changed = whole.visit(_Copies(functions, seed))
    future = [
        at
        for at, line in enumerate(changed.body)
        if "from __future__" in cst.Module([line]).code  # stays at the top
    ]
    at = future[-1] + 1 if future else 0
    prologue = cst.parse_module(PROLOGUE).body
    return changed.with_changes(body=[*changed.body[:at], *prologue, *changed.body[at:]]).code


class _Copies(cst.CSTTransformer):
    def __init__(self, wanted: Collection[str], seed: int) -> None:
        self._wanted, self._seed = wanted, seed
        self._above: list[str] = []

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        self._above.append(node.name.value)
        return True

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        self._above.pop()
        return updated_node

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.FlattenSentinel[cst.FunctionDef] | cst.RemovalSentinel:
        name = original_node.name.value
        function = "::".join([*self._above, name])
        if function in self._wanted:
            return cst.FlattenSentinel(
                [_copy(original_node, function, number, self._seed) for number in range(VARIANTS + 1)]
            )
        return cst.RemoveFromParent() if name.startswith("test") else updated_node


def _copy(test: cst.FunctionDef, function: str, number: int, seed: int) -> cst.FunctionDef:
    """Copy 0 has the test's own inputs."""
    literals = _Literals()
    test.body.visit(literals)
    others: dict[str, str] = {}
    if number and literals.found:
        luck = random.Random(f"{seed} {function} {number}")
        names = sorted(literals.found)
        others = {each: _other(each, luck) for each in luck.sample(names, luck.randint(1, len(names)))}
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
