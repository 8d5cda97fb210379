"""Rules for names: one of a family for another, the arguments of a call, the variables and attributes nearby.

That the right name is usually somewhere near is the plastic surgery hypothesis (Barr et al., FSE 2014).
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import pairwise

import libcst as cst

from runner.models.repair.changes import Change, Context, Splice

FAMILIES = tuple(
    tuple(family.split())
    for family in (
        "ROUND_HALF_UP ROUND_HALF_EVEN ROUND_HALF_DOWN ROUND_DOWN ROUND_UP ROUND_FLOOR ROUND_CEILING",
        "min max",
        "floor ceil trunc",
        "any all",
        "append extend",
        "pop popleft",
        "lower casefold upper",
        "strip rstrip lstrip",
        "removeprefix lstrip",
        "removesuffix rstrip",
        "fullmatch match search",
        "bisect_left bisect_right",
        "insort_left insort_right",
        "weekday isoweekday",
        "quote quote_plus",
        "unquote unquote_plus",
        "days hours minutes seconds milliseconds microseconds weeks",
        "days seconds total_seconds()",
        "first last",
        "left right",
        "permutations combinations product",
        "zip zip_longest",
    )
)
"""Names that are mixed up for each other; in order of likelihood."""
COUSINS = tuple(
    tuple(family.split())
    for family in (
        "round int",
        "append appendleft",
        "add discard",
        "startswith endswith",
        "find rfind",
        "index rindex",
        "partition rpartition",
        "isdigit isdecimal isnumeric isalnum isalpha",
        "findall finditer",
        "keys values items",
        "union intersection difference symmetric_difference",
        "issubset issuperset",
        "get pop setdefault",
        "nlargest nsmallest",
        "year month day",
        "hour minute second",
        "start end",
        "start stop",
        "lower upper",
        "width height",
        "row column",
        "rows columns",
        "head tail",
        "prev next",
        "KeyError IndexError LookupError",
        "ValueError TypeError",
    )
)
"""Names that could take each other's place, but seldom do so by mistake."""
WORDS = tuple(
    tuple(family.split())
    for family in (
        "ROUND_HALF_UP ROUND_HALF_EVEN ROUND_HALF_DOWN ROUND_DOWN ROUND_UP ROUND_FLOOR ROUND_CEILING",
        "asc desc",
        "left right",
        "utf-8 utf-8-sig ascii latin-1",
        "strict ignore replace",
        "a w",
    )
)
UNWRAPPED = {"abs", "int", "str", "float", "list", "set", "sorted", "reversed", "round", "dict", "tuple"}
DEFINITIONS = (cst.Param, cst.AssignTarget, cst.FunctionDef, cst.ClassDef, cst.NameItem, cst.AsName)
NEARBY = 3
"""Most replacements proposed for one variable, attribute or key."""


def siblings(name: str, families: tuple[tuple[str, ...], ...]) -> list[str]:
    """The others of the families that `name` is in, likeliest first."""
    found = [other for family in families if name in family for other in family if other != name]
    return list(dict.fromkeys(found))


def families(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """A method, function, keyword or constant for another of its family, imported if need be."""
    if not isinstance(node, cst.Name):
        return
    parent = context.parent
    attribute = isinstance(parent, cst.Attribute) and parent.attr is node
    keyword = isinstance(parent, cst.Arg) and parent.keyword is node
    for operator, known in (("sibling", FAMILIES), ("cousin", COUSINS)):
        for order, other in enumerate(siblings(node.value, known)):
            if attribute or keyword or (_called(node, context) and hasattr(builtins, other)):
                yield context.change(operator, node, other, order)
            elif node.value in context.imports and not other.endswith("()"):
                yield Change(operator, context.splice(node, other), _imported(node.value, other, context), order)


def _imported(name: str, other: str, context: Context) -> tuple[Splice, ...]:
    """What it takes to import `other` from where `name` comes; `name` goes when this was its only use."""
    if other in context.imports:
        return ()
    uses = len(re.findall(rf"\b{name}\b", context.data.decode()))
    alias = context.imports[name]
    return (context.splice(alias, other if uses == 2 else f"{name}, {other}"),)


def words(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """A string that names a mode for another mode."""
    if isinstance(node, cst.SimpleString):
        for order, other in enumerate(siblings(node.raw_value, WORDS)):
            yield context.change("sibling", node, f"{node.prefix}{node.quote}{other}{node.quote}", order)


def arguments(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """Two neighbouring positional arguments exchanged; the order of a sort reversed; a call replaced by what
    it is called on or with."""
    if not isinstance(node, cst.Call):
        return
    positional = [arg.value for arg in node.args if arg.keyword is None and not arg.star]
    for order, (one, two) in enumerate(pairwise(positional[:3])):
        yield Change(
            "arguments",
            context.splice(one, context.text(two)),
            (context.splice(two, context.text(one)),),
            order,
        )
    name = node.func.attr.value if isinstance(node.func, cst.Attribute) else context.text(node.func)
    given = {arg.keyword.value for arg in node.args if arg.keyword is not None}
    if name in ("sorted", "sort") and "reverse" not in given:
        comma = ", " if node.args else ""
        inside = context.text(node)[:-1].rstrip().rstrip(",")
        yield context.change("reverse", node, f"{inside}{comma}reverse=True)")
    if name == "quantize" and "rounding" not in given and len(positional) == 1:
        yield context.change("rounding", node, f'{context.text(node)[:-1]}, rounding="ROUND_HALF_UP")')
    if name in UNWRAPPED and positional:
        yield context.change("unwrap", node, context.operand(positional[0]))
    elif isinstance(node.func, cst.Attribute) and not node.args and not isinstance(context.parent, cst.Expr):
        yield context.change("unwrap", node, context.text(node.func.value), 1)


def nearby(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """A variable, attribute or key for another that the same function or file uses in the same way."""
    if isinstance(node, cst.Name):
        function = context.function()
        if function is not None and _reads(node, context) and node.value in _variables(function):
            yield from _replaced("variable", node, _variables(function), context)
    elif isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name) and not _called(node, context):
        members = context.members.get(node.value.value, [])
        if node.attr.value in members:
            for order, other in enumerate(name for name in members if name != node.attr.value):
                yield context.change("member", node.attr, other, order // 3)
        else:
            others = context.attributes.get(node.value.value, [])
            yield from _replaced("attribute", node.attr, others, context)


def _called(node: cst.CSTNode, context: Context) -> bool:
    return isinstance(context.parent, cst.Call) and context.parent.func is node


def _replaced(operator: str, node: cst.Name, others: list[str], context: Context) -> Iterator[Change]:
    alike = sorted(set(others) - {node.value}, key=lambda other: (-likeness(node.value, other), other))
    for order, other in enumerate(alike[:NEARBY]):
        yield context.change(operator, node, other, order)


def likeness(one: str, two: str) -> float:
    """How alike two names are, 0..1: names that are mixed up tend to look alike."""
    return SequenceMatcher(None, one, two).ratio()


def _reads(node: cst.Name, context: Context) -> bool:
    """Whether a name stands for its value here: not for a definition, an attribute, a keyword or a call."""
    parent = context.parent
    if isinstance(parent, (cst.Attribute, cst.Arg)):
        return parent.value is node
    return not isinstance(parent, DEFINITIONS) and not _called(node, context)


def _variables(function: cst.FunctionDef) -> list[str]:
    """The parameters and assigned names of a function."""
    found = _Bound()
    function.visit(found)
    return list(dict.fromkeys(found.names))


class _Bound(cst.CSTVisitor):
    def __init__(self) -> None:
        self.names: list[str] = []

    def visit_Param(self, node: cst.Param) -> None:
        if node.name.value not in ("self", "cls"):
            self.names.append(node.name.value)

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        if isinstance(node.target, cst.Name):
            self.names.append(node.target.value)

    def visit_For(self, node: cst.For) -> None:
        if isinstance(node.target, cst.Name):
            self.names.append(node.target.value)


RULES = (families, words, arguments, nearby)
