"""Rules for operators, numbers and conditions: the classical mutation operators (Offutt et al., "An
Experimental Determination of Sufficient Mutant Operators", TOSEM 1996), and off-by-one and falsy-value faults."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from runner.models.repair.changes import Change, Context

TOKENS: dict[type[cst.CSTNode], tuple[tuple[str, str], ...]] = {
    cst.LessThan: (("boundary", "<="), ("direction", ">"), ("direction", ">=")),
    cst.LessThanEqual: (("boundary", "<"), ("direction", ">="), ("direction", ">")),
    cst.GreaterThan: (("boundary", ">="), ("direction", "<"), ("direction", "<=")),
    cst.GreaterThanEqual: (("boundary", ">"), ("direction", "<="), ("direction", "<")),
    cst.Equal: (("equality", "!="), ("ordering", "<="), ("ordering", ">=")),
    cst.NotEqual: (("equality", "=="), ("ordering", "<"), ("ordering", ">")),
    cst.Is: (("equality", "is not"), ("identity", "==")),
    cst.IsNot: (("equality", "is"), ("identity", "!=")),
    cst.In: (("equality", "not in"),),
    cst.NotIn: (("equality", "in"),),
    cst.And: (("junction", "or"),),
    cst.Or: (("junction", "and"),),
    cst.Add: (("arithmetic", "-"),),
    cst.Subtract: (("arithmetic", "+"),),
    cst.Multiply: (("arithmetic", "/"),),
    cst.Divide: (("arithmetic", "//"), ("arithmetic", "*")),
    cst.FloorDivide: (("arithmetic", "/"), ("arithmetic", "%")),
    cst.Modulo: (("arithmetic", "//"),),
    cst.BitAnd: (("arithmetic", "|"),),
    cst.BitOr: (("arithmetic", "&"), ("operands", "^")),
    cst.LeftShift: (("arithmetic", ">>"),),
    cst.RightShift: (("arithmetic", "<<"),),
    cst.AddAssign: (("arithmetic", "-="), ("assignment", "=")),
    cst.SubtractAssign: (("arithmetic", "+="), ("assignment", "=")),
    cst.MultiplyAssign: (("arithmetic", "/="),),
    cst.BitAndAssign: (("arithmetic", "|="),),
    cst.BitOrAssign: (("arithmetic", "&="), ("assignment", "=")),
}
UNITS = {"60": "3600", "3600": "60", "1000": "1024", "1024": "1000", "100": "1000", "365": "366", "24": "12"}
ATOMS = (cst.Name, cst.Attribute, cst.Subscript, cst.Call)
VALUES = (cst.Name, cst.Attribute, cst.Subscript)
COUNTERS = re.compile(r"[ijkn]|.*(index|idx|pos|position|offset|count|length|size|start|end|stop|number|total)")
"""Names of variables that hold whole numbers; any other key of a subscript may be no number at all."""
LOOPS = (cst.While, cst.For)


def tokens(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """One operator for another."""
    for order, (operator, token) in enumerate(TOKENS.get(type(node), ())):
        yield context.change(operator, node, token, order)


def integers(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """A number one up or down, the first for the last, a unit for its neighbour."""
    if not isinstance(node, cst.Integer):
        return
    value = node.evaluated_value
    near = "constant" if value <= 31 else "magnitude"
    yield context.change(near, node, str(value + 1))
    if value > 0:
        yield context.change(near, node, str(value - 1), 1)
    if value == 0 and isinstance(context.parent, cst.Index):
        yield context.change("end", node, "-1")
    if node.value in UNITS:
        yield context.change("magnitude", node, UNITS[node.value])


def signs(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """A minus dropped; the last for the first."""
    if not isinstance(node, cst.UnaryOperation) or not isinstance(node.operator, cst.Minus):
        return
    if isinstance(context.parent, cst.Index) and isinstance(node.expression, cst.Integer):
        yield context.change("end", node, "0")
    else:
        yield context.change("sign", node, context.text(node.expression))


def offsets(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """One more or one less where sequences are counted, and such a one left out."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.Add, cst.Subtract)):
        if isinstance(node.right, cst.Integer):
            yield context.change("offset", node, context.text(node.left))
        return
    if not isinstance(node, ATOMS):
        return
    parent = context.parent
    if isinstance(parent, (cst.Slice, cst.Index)) or (isinstance(parent, cst.Arg) and _in_range(context)):
        operator = "offset"
    elif isinstance(parent, (cst.Return, cst.ComparisonTarget, cst.Assign)) and _counts(node):
        operator = "count"
    else:
        return
    if isinstance(parent, cst.Index) and not (isinstance(node, cst.Name) and COUNTERS.fullmatch(node.value)):
        return
    yield context.change(operator, node, f"{context.text(node)} + 1")
    yield context.change(operator, node, f"{context.text(node)} - 1", 1)


def _in_range(context: Context) -> bool:
    call = context.parents[-2] if len(context.parents) > 1 else None
    return isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and call.func.value == "range"


def _counts(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in ("len", "int")


def divisions(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """Rounding up instead of down, and the operands of what does not commute exchanged."""
    if not isinstance(node, cst.BinaryOperation):
        return
    left, right = context.operand(node.left), context.operand(node.right)
    if isinstance(node.operator, cst.FloorDivide):
        yield context.change("ceiling", node, f"-(-{left} // {right})")
    if isinstance(node.operator, (cst.Subtract, cst.Divide, cst.FloorDivide, cst.Modulo)):
        sign = context.text(node.operator)
        yield context.change("operands", node, f"{right} {sign} {left}")


def booleans(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """True for False; a `not` dropped; half of a conjunction or disjunction left out."""
    if isinstance(node, cst.Name) and node.value in ("True", "False"):
        yield context.change("boolean", node, "False" if node.value == "True" else "True")
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
        inner = context.operand(node.expression)
        yield context.change("negation", node, inner)
        if isinstance(node.expression, VALUES):
            yield context.change("none-check", node, f"{inner} is None")
    if isinstance(node, cst.BooleanOperation):
        left, right = context.operand(node.left), context.operand(node.right)
        yield context.change("half", node, left)
        yield context.change("half", node, right, 1)
        if isinstance(node.operator, cst.Or) and isinstance(node.left, ATOMS) and not _tested(node, context):
            yield context.change("none-check", node, f"{left} if {left} is not None else {right}")
        for side in (node.left, node.right):
            if isinstance(side, VALUES) and isinstance(node.operator, cst.And):
                yield context.change("none-check", side, f"{context.text(side)} is not None", 2)


def _tested(node: cst.BaseExpression, context: Context) -> bool:
    return isinstance(context.parent, (cst.If, cst.While)) and context.parent.test is node


def conditions(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """A condition negated; truth for presence and presence for truth; a filter left out."""
    if not isinstance(node, (cst.If, cst.While, cst.IfExp, cst.CompIf)):
        return
    test = node.test
    if isinstance(test, VALUES):
        yield context.change("none-check", test, f"{context.text(test)} is not None")
    if isinstance(test, ATOMS):
        yield context.change("negation", test, f"not {context.text(test)}")
    elif isinstance(test, cst.BooleanOperation):
        yield context.change("negation", test, f"not ({context.text(test)})", 1)
    elif isinstance(test, cst.Comparison):
        comparison = test.comparisons[0]
        if isinstance(comparison.operator, cst.IsNot):
            yield context.change("none-check", test, context.text(test.left), 1)
        elif isinstance(comparison.operator, cst.Is):
            yield context.change("none-check", test, f"not {context.operand(test.left)}", 1)
    if isinstance(node, (cst.IfExp, cst.CompIf)):
        yield context.change("fixed-condition", test, "True")
        yield context.change("fixed-condition", test, "False", 1)


RULES = (tokens, integers, signs, offsets, divisions, booleans, conditions)
