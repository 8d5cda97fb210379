"""Rules for whole statements, for what they return or store, and for defaults of parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import libcst as cst

from runner.models.repair.changes import Change, Context, Splice

DEFAULTS = ("None", "True", "False", "0")
MUTABLE = {"[]": "[]", "{}": "{}", "list()": "[]", "dict()": "{}", "set()": "set()"}
DELETED = (cst.Expr, cst.Assign, cst.AugAssign, cst.Raise, cst.Continue, cst.Break, cst.Return, cst.Del)


def deletions(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """A statement, or a branch without an alternative, left out."""
    if isinstance(node, cst.SimpleStatementLine) and _in_function(context):
        statement = node.body[0]
        if len(node.body) == 1 and isinstance(statement, DELETED) and not _is_text(node):
            order = 1 if isinstance(statement, (cst.Assign, cst.Return)) else 0
            yield Change("deletion", _without(node, context), order=order)
    elif isinstance(node, cst.If) and node.orelse is None and isinstance(context.parent, cst.IndentedBlock):
        yield Change("deletion", _without(node, context))


def _in_function(context: Context) -> bool:
    return context.function() is not None and isinstance(context.parent, cst.IndentedBlock)


def _without(node: cst.CSTNode, context: Context) -> Splice:
    """The statement's lines gone, or `pass` where it is all its block has."""
    block = context.parent
    if isinstance(block, cst.IndentedBlock) and len(block.body) == 1:
        return context.splice(node, "pass")
    start = context.data.rfind(b"\n", 0, context.start(node)) + 1
    stop = context.data.find(b"\n", context.end(node)) + 1
    return Splice(start, stop or len(context.data), "")


def moves(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """Two neighbouring simple statements exchanged; a loop's last statement after it; `break` for `continue`."""
    if isinstance(node, cst.IndentedBlock):
        for one, two in pairwise(node.body):
            if isinstance(one, cst.SimpleStatementLine) and isinstance(two, cst.SimpleStatementLine):
                swapped = (context.splice(two, context.text(one)),)
                yield Change("exchange", context.splice(one, context.text(two)), swapped)
        last = node.body[-1]
        if isinstance(context.parent, (cst.For, cst.While)) and isinstance(last, cst.SimpleStatementLine):
            outer = context.indent(context.parent)
            start = context.start(last) - len(context.indent(last))
            yield Change("outdent", Splice(start, context.start(last), outer))
    elif isinstance(node, cst.Break):
        yield context.change("jump", node, "continue")
    elif isinstance(node, cst.Continue):
        yield context.change("jump", node, "break")


def copies(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """What is returned, stored or passed on is a copy, so that nobody shares it."""
    if isinstance(node, (cst.Return, cst.Assign)) and isinstance(node.value, (cst.Name, cst.Attribute)):
        stored = isinstance(node, cst.Return) or not isinstance(node.targets[0].target, cst.Name)
        if context.text(node.value) not in ("None", "True", "False"):
            operator = "copy" if stored else "local-copy"
            yield context.change(operator, node.value, f"{context.text(node.value)}.copy()")


def returns(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """Nothing, or the constant's opposite, returned instead; an exception raised where one was swallowed."""
    if isinstance(node, cst.Return) and node.value is not None and context.text(node.value) != "None":
        yield context.change("return", node.value, "None")
    elif isinstance(node, cst.ExceptHandler) and node.type is not None and context.text(node.type) != "Exception":
        yield context.change("except", node.type, "Exception")


def defaults(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """A parameter's default for another; a mutable default made anew for each call."""
    if not isinstance(node, cst.Param) or node.default is None:
        return
    text = context.text(node.default)
    if text in DEFAULTS:
        others = [other for other in DEFAULTS if other != text and {other, text} != {"True", "False"}]
        for order, other in enumerate(others):
            yield context.change("default", node.default, other, order)
    function = context.function()
    if text in MUTABLE and function is not None and isinstance(function.body, cst.IndentedBlock):
        first = _first(function.body.body)
        indent, name = context.indent(first), node.name.value
        guard = f"if {name} is None:\n{indent}    {name} = {MUTABLE[text]}\n{indent}"
        before = Splice(context.start(first), context.start(first), guard)
        yield Change("mutable-default", context.splice(node.default, "None"), (before,))


def _first(body: Sequence[cst.BaseStatement]) -> cst.BaseStatement:
    """The first statement after the docstring."""
    return body[1] if len(body) > 1 and _is_text(body[0]) else body[0]


def _is_text(statement: cst.BaseStatement) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine) or not isinstance(statement.body[0], cst.Expr):
        return False
    return isinstance(statement.body[0].value, (cst.SimpleString, cst.ConcatenatedString))


RULES = (deletions, moves, copies, returns, defaults)
