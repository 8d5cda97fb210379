"""Names in single nodes of Python's syntax."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import libcst as cst


def last_name(node: ast.expr) -> str:
    """The last name of `a.b.c`; empty for what is none."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def names_in(node: ast.AST) -> set[str]:
    return {last_name(each) for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute)}


def identifier(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.alias(name=name):
            return name
    return ""


def arguments(node: ast.arguments) -> Iterator[ast.arg]:
    yield from (*node.posonlyargs, *node.args, *node.kwonlyargs)
    yield from (each for each in (node.vararg, node.kwarg) if each is not None)


def first_name(node: ast.expr) -> str:
    """The first name of `a.b(c).d[e]`."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def plain_strings(node: ast.expr) -> Iterator[ast.Constant]:
    """The strings of a literal table."""
    parts = node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else [node]
    return (part for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))


def shown_names(parts: Sequence[ast.expr]) -> set[str]:
    """Of an f-string's parts, the names that it shows beside their values: `f"{total=}"`."""
    return {
        name
        for text, value in pairwise(parts)
        if isinstance(text, ast.Constant) and isinstance(value, ast.FormattedValue)
        for name in names_in(value.value)
        if re.search(rf"\b{re.escape(name)}\b[^=]*=\s*$", str(text.value))
    }


def made_outside(tree: ast.Module, outside: set[str]) -> set[str]:
    """Names of a module's variables whose value is what a call of something from outside returns."""
    return {
        last_name(target)
        for part in tree.body
        if isinstance(part, ast.Assign) and isinstance(part.value, ast.Call) and first_name(part.value) in outside
        for target in part.targets
    }


def dotted(name: str) -> cst.Name | cst.Attribute:
    """`a.b.c` as code."""
    first, *rest = name.split(".")
    found: cst.Name | cst.Attribute = cst.Name(first)
    for part in rest:
        found = cst.Attribute(found, cst.Name(part))
    return found
