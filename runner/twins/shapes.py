"""Single statements of tests written another way: assertions, and the lists that tests are parametrized with.

`assert a == b` is turned round, or gets a variable for what it looks at, where one side is a literal: then nothing runs
in another order, and which operand is asked first makes no difference to it. A literal stays in the assertion, so that
a foil (`runner.grading.foils`) can expect another one. Parametrized values keep their order, and so tests their ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

import libcst as cst

VARIABLES = ("found", "actual", "got", "outcome", "seen", "observed", "shown", "what_came")
"""Names for what an assertion looks at; one is taken that the file does not have."""

_NOTICING = frozenset({"locals", "vars", "dir", "f_locals", "weakref", "gc", "getrefcount"})
"""What can notice one variable more, or that something lives longer."""


class Shapes(cst.CSTTransformer):
    """Rewrites one file; what is drawn goes by the statement's own text, so that equal ones become equal ones."""

    def __init__(self, seed: str, identifiers: Collection[str]) -> None:
        super().__init__()
        self.changed = 0
        self.seen = 0
        self._seed = seed
        free = (name for name in VARIABLES if name not in identifiers)
        self._variable = next(free, None) if _NOTICING.isdisjoint(identifiers) else None
        self._functions = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._functions += 1

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        self._functions -= 1
        return updated_node

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        check = updated_node.body[0] if len(updated_node.body) == 1 else None
        test = check.test if isinstance(check, cst.Assert) else None
        if not isinstance(check, cst.Assert) or not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
            return updated_node
        self.seen += 1
        target = test.comparisons[0]
        drawn = self._drawn(updated_node)
        if drawn % 3 == 0 and isinstance(target.operator, cst.Equal | cst.NotEqual):
            if is_literal(test.left) == is_literal(target.comparator):
                return updated_node
            self.changed += 1
            turned = test.with_changes(left=target.comparator, comparisons=[target.with_changes(comparator=test.left)])
            return updated_node.with_changes(body=[check.with_changes(test=turned)])
        if drawn % 3 == 1 and is_literal(target.comparator) and self._functions and self._may_stand_alone(test.left):
            return self._with_variable(updated_node, check, test)
        return updated_node

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        """`self.assertEqual(a, b)` is turned like `assert a == b`."""
        if len(updated_node.args) < 2 or not _is_unittests(updated_node.func):
            return updated_node
        first, second, *rest = updated_node.args
        if any(each.keyword is not None or each.star for each in (first, second)):
            return updated_node
        self.seen += 1
        if is_literal(first.value) == is_literal(second.value) or self._drawn(updated_node) % 2:
            return updated_node
        self.changed += 1
        turned = first.with_changes(value=second.value), second.with_changes(value=first.value)
        return updated_node.with_changes(args=[*turned, *rest])

    def leave_Decorator(self, original_node: cst.Decorator, updated_node: cst.Decorator) -> cst.Decorator:
        call = updated_node.decorator
        if not isinstance(call, cst.Call) or len(call.args) < 2 or not _is_parametrize(call.func):
            return updated_node
        names, values, *rest = call.args
        if names.keyword is not None or values.keyword is not None or names.star or values.star:
            return updated_node
        self.seen += 1
        drawn = self._drawn(updated_node)
        new_names = _apart(names.value) if drawn & 1 else None
        new_values = _other_display(values.value) if drawn & 2 or new_names is None else None
        if new_names is None and new_values is None:
            return updated_node
        self.changed += 1
        first = names.with_changes(value=new_names or names.value)
        second = values.with_changes(value=new_values or values.value)
        return updated_node.with_changes(decorator=call.with_changes(args=[first, second, *rest]))

    def _with_variable(
        self, line: cst.SimpleStatementLine, check: cst.Assert, test: cst.Comparison
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        if self._variable is None:
            return line
        self.changed += 1
        assigned = cst.Assign([cst.AssignTarget(cst.Name(self._variable))], test.left)
        asserted = check.with_changes(test=test.with_changes(left=cst.Name(self._variable)))
        return cst.FlattenSentinel(
            [
                cst.SimpleStatementLine([assigned], leading_lines=line.leading_lines),
                line.with_changes(body=[asserted], leading_lines=()),
            ]
        )

    def _may_stand_alone(self, left: cst.BaseExpression) -> bool:
        """Whether it can be assigned on a line of its own: a call or the like, that needs nobody's parentheses."""
        is_read = isinstance(left, cst.Call | cst.Await | cst.ListComp | cst.Subscript | cst.Attribute)
        return is_read and "\n" not in cst.Module([]).code_for_node(left)

    def _drawn(self, node: cst.CSTNode) -> int:
        text = cst.Module([]).code_for_node(node).strip()
        return hashlib.sha256(f"{self._seed} {text}".encode("utf-8", "surrogatepass")).digest()[0]


def is_literal(node: cst.BaseExpression) -> bool:
    """Made of numbers, strings and displays of these alone: what equality with it means is the other side's matter."""
    match node:
        case cst.List(elements=elements) | cst.Tuple(elements=elements) | cst.Set(elements=elements):
            return all(isinstance(each, cst.Element) and is_literal(each.value) for each in elements)
        case cst.Dict(elements=elements):
            return all(
                isinstance(each, cst.DictElement) and is_literal(each.key) and is_literal(each.value)
                for each in elements
            )
        case cst.UnaryOperation(operator=cst.Minus(), expression=cst.Integer() | cst.Float()):
            return True
        case cst.Name(value=name):
            return name in ("True", "False", "None")
        case cst.ConcatenatedString(left=left, right=right):
            return is_literal(left) and is_literal(right)
    return isinstance(node, cst.Integer | cst.Float | cst.SimpleString)


def _is_unittests(callee: cst.BaseExpression) -> bool:
    owner = callee.value if isinstance(callee, cst.Attribute) else None
    is_own = isinstance(owner, cst.Name) and owner.value == "self"
    return is_own and isinstance(callee, cst.Attribute) and callee.attr.value in ("assertEqual", "assertNotEqual")


def _is_parametrize(callee: cst.BaseExpression) -> bool:
    names: list[str] = []
    while isinstance(callee, cst.Attribute):
        names.append(callee.attr.value)
        callee = callee.value
    return names == ["parametrize", "mark"] and isinstance(callee, cst.Name) and callee.value == "pytest"


def _apart(names: cst.BaseExpression) -> cst.BaseExpression | None:
    """`"a, b"` as `("a", "b")`; None for one name alone, whose values would have to be tuples then."""
    text = names.raw_value if isinstance(names, cst.SimpleString) else None
    parts = [part.strip() for part in text.split(",")] if isinstance(text, str) else []
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        return None
    return cst.Tuple([cst.Element(cst.SimpleString(f'"{part}"')) for part in parts])


def _other_display(values: cst.BaseExpression) -> cst.BaseExpression | None:
    """A list as a tuple, a tuple as a list."""
    if isinstance(values, cst.List) and values.elements and not values.lpar:
        elements: Sequence[cst.BaseElement] = values.elements
        if len(elements) == 1 and not isinstance(elements[0].comma, cst.Comma):
            elements = [elements[0].with_changes(comma=cst.Comma())]
        return cst.Tuple(
            elements,
            lpar=[cst.LeftParen(values.lbracket.whitespace_after)],
            rpar=[cst.RightParen(values.rbracket.whitespace_before)],
        )
    if isinstance(values, cst.Tuple) and values.elements and len(values.lpar) == 1:
        return cst.List(
            values.elements,
            lbracket=cst.LeftSquareBracket(values.lpar[0].whitespace_after),
            rbracket=cst.RightSquareBracket(values.rpar[0].whitespace_before),
        )
    return None
