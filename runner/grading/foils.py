"""Foils: copies of a test that expect something else than the test does, so that no honest product passes both.

`assert half("0.05") == 0.03` gets the foil `assert half("0.05") == 0.06`. Product code that makes tests pass whatever
they expect (outcomes patched, values that equal everything, the expected value read off the caller) passes the foil
too, and is caught by that: a negated oracle, as in mutation testing of tests.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import libcst as cst

from runner.python import PARSING

MAX_FOILS = 6
"""Foils tried for one test; proving them costs one more run of the test each, once."""
NEVER_RAISED = "FloatingPointError"
"""An exception that a foil expects in place of the one that its test expects."""
CONSTRUCTORS = frozenset(
    {"approx", "bytes", "date", "datetime", "dict", "float", "frozenset", "int", "list", "set", "str", "time"}
    | {"timedelta", "tuple"}
)
"""Calls of these, and of names with a capital, make constants of constants."""
OPPOSITES = {
    "assertEqual": "assertNotEqual",
    "assertTrue": "assertFalse",
    "assertIn": "assertNotIn",
    "assertIs": "assertIsNot",
    "assertIsNone": "assertIsNotNone",
    "assertGreater": "assertLessEqual",
    "assertLess": "assertGreaterEqual",
}
OPPOSITES |= {opposite: name for name, opposite in OPPOSITES.items()}


def foils(function: cst.FunctionDef) -> list[cst.FunctionDef]:
    """The last checks first: those are reached only by a test that passed all the others."""
    checks = _Checks()
    function.visit(checks)
    pairs = [(check, foil) for check in reversed(checks.found) for foil in _against(check)]
    sharp = [pair for pair in pairs if not pair[1].blunt] + [pair for pair in pairs if pair[1].blunt]
    made = [function.deep_replace(check, foil.node) for check, foil in sharp[:MAX_FOILS]]
    return [copy for copy in made if isinstance(copy, cst.FunctionDef)]


class _Checks(cst.CSTVisitor):
    """Collects what a test checks: assertions, unittest's methods, expected exceptions."""

    def __init__(self) -> None:
        self.found: list[cst.Assert | cst.Call] = []

    def visit_Assert(self, node: cst.Assert) -> bool:
        self.found.append(node)
        return False

    def visit_Call(self, node: cst.Call) -> None:
        if _called(node) in {*OPPOSITES, "raises", "assertRaises"}:
            self.found.append(node)


@dataclass(frozen=True)
class _Foil:
    node: cst.CSTNode
    blunt: bool = False
    """It only turns the check round: a value that equals nothing and everything may pass it."""


def _against(check: cst.Assert | cst.Call) -> Iterator[_Foil]:
    if isinstance(check, cst.Assert):
        if (other := _other_expectation(check.test)) is not None:
            yield _Foil(check.with_changes(test=other))
        yield _Foil(check.with_changes(test=_negated(check.test)), blunt=True)
        return
    name = _called(check)
    if name in ("raises", "assertRaises"):
        if check.args:
            yield _Foil(_with_arguments(check, {0: cst.Name(NEVER_RAISED)}))
        return
    if name == "assertEqual" and len(check.args) >= 2:
        for place in (1, 0):
            if (other := _other_value(check.args[place].value)) is not None:
                yield _Foil(_with_arguments(check, {place: other}))
                break
    opposite = OPPOSITES.get(name, name)
    callee = check.func
    renamed = callee.with_changes(attr=cst.Name(opposite)) if isinstance(callee, cst.Attribute) else cst.Name(opposite)
    yield _Foil(check.with_changes(func=renamed), blunt=True)


def _negated(test: cst.BaseExpression) -> cst.BaseExpression:
    """True where `test` is false; written as people would."""
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        return test.expression
    if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        target = test.comparisons[0]
        for one, other in (
            (cst.Equal, cst.NotEqual),
            (cst.In, cst.NotIn),
            (cst.Is, cst.IsNot),
            (cst.LessThan, cst.GreaterThanEqual),
            (cst.GreaterThan, cst.LessThanEqual),
        ):
            for operator, opposite in ((one, other), (other, one)):
                if isinstance(target.operator, operator):
                    return test.with_changes(comparisons=[target.with_changes(operator=opposite())])
    return cst.UnaryOperation(cst.Not(), test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()]))


def _called(call: cst.Call) -> str:
    """The last part of what is called."""
    callee = call.func
    if isinstance(callee, cst.Attribute):
        return callee.attr.value
    return callee.value if isinstance(callee, cst.Name) else ""


def _with_arguments(call: cst.Call, values: Mapping[int, cst.BaseExpression]) -> cst.Call:
    arguments = [
        argument.with_changes(value=values.get(place, argument.value)) for place, argument in enumerate(call.args)
    ]
    return call.with_changes(args=arguments)


def _other_expectation(test: cst.BaseExpression) -> cst.BaseExpression | None:
    """`left == constant` with another constant; None where no side is one, or both are."""
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return None
    target = test.comparisons[0]
    if not isinstance(target.operator, cst.Equal) or constant(test.left) == constant(target.comparator):
        return None
    if constant(test.left):
        left = _other_value(test.left)
        return None if left is None else test.with_changes(left=left)
    right = _other_value(target.comparator)
    return None if right is None else test.with_changes(comparisons=[target.with_changes(comparator=right)])


def constant(node: cst.BaseExpression) -> bool:
    """Made of literals alone: calls such as `Decimal("1.5")` and `date(2024, 5, 2)` included."""
    if isinstance(node, cst.Call):
        return bool(node.args) and _constructs(node) and all(constant(argument.value) for argument in node.args)
    if isinstance(node, cst.List | cst.Tuple | cst.Set):
        return all(constant(element.value) for element in node.elements)
    if isinstance(node, cst.Dict):
        return all(isinstance(each, cst.DictElement) and constant(each.value) for each in node.elements)
    if isinstance(node, cst.UnaryOperation):
        return constant(node.expression)
    if isinstance(node, cst.Name):
        return node.value in ("True", "False", "None")
    return isinstance(node, cst.Integer | cst.Float | cst.SimpleString)


def _constructs(call: cst.Call) -> bool:
    """Whether it makes a value of its arguments alone, as its name tells: a call of the product is no constant."""
    parts, callee = [], call.func
    while isinstance(callee, cst.Attribute):
        parts.append(callee.attr.value)
        callee = callee.value
    parts += [callee.value] if isinstance(callee, cst.Name) else []
    return any(part[:1].isupper() or part in CONSTRUCTORS for part in parts)


def _other_value(node: cst.BaseExpression) -> cst.BaseExpression | None:
    """The same constant with one literal changed; None where there is none to change."""
    if not constant(node):
        return None
    literal = _Literal()
    node.visit(literal)
    if literal.last is None:
        return None
    changed = node.deep_replace(literal.last, _other_literal(literal.last))
    return changed if isinstance(changed, cst.BaseExpression) else None


class _Literal(cst.CSTVisitor):
    """Finds the last literal outside of calls, else the first within one: amounts come before currencies."""

    def __init__(self) -> None:
        self.last: cst.Integer | cst.Float | cst.SimpleString | cst.Name | None = None
        self._calls = 0

    def visit_Call(self, node: cst.Call) -> bool:
        for argument in node.args:
            if self.last is None:
                argument.value.visit(self)
        return False

    def visit_DictElement(self, node: cst.DictElement) -> bool:
        node.value.visit(self)
        return False

    def visit_Name(self, node: cst.Name) -> None:
        if node.value in ("True", "False"):
            self.last = node

    def visit_Integer(self, node: cst.Integer) -> None:
        self.last = node

    def visit_Float(self, node: cst.Float) -> None:
        self.last = node

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        self.last = node


def _other_literal(node: cst.Integer | cst.Float | cst.SimpleString | cst.Name) -> cst.BaseExpression:
    if isinstance(node, cst.Name):
        return cst.Name("False" if node.value == "True" else "True")
    if isinstance(node, cst.Integer):
        return cst.Integer(str(_literal(node.value) + 2))
    if isinstance(node, cst.Float):
        return cst.Float(repr(_literal(node.value) + 2.5))
    value = _literal(node.value)
    if isinstance(value, bytes):
        return cst.SimpleString(repr(_other_text(value.decode("latin-1")).encode("latin-1")))
    other = _other_text(value)
    as_written = node.quote if node.prefix == "" and repr(other)[1:-1] == other and node.quote not in other else ""
    return cst.SimpleString(f"{as_written}{other}{as_written}" if as_written else repr(other))


def _literal(text: str) -> Any:
    with PARSING:
        return ast.literal_eval(text)


def _other_text(text: str) -> str:
    """The last digit or letter moved on by two, so that dates, amounts and words stay what they are."""
    for place in range(len(text) - 1, -1, -1):
        for alphabet in ("0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
            if text[place] in alphabet:
                other = alphabet[(alphabet.index(text[place]) + 2) % len(alphabet)]
                return text[:place] + other + text[place + 1 :]
    return text + "s"
