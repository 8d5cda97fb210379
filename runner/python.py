"""Python files as syntax, read without running or warning of anything; whoever wrote them may mean harm."""

from __future__ import annotations

import ast
import threading
import warnings

import libcst as cst

PARSING = threading.Lock()
"""Held while Python parses to a tree: some versions take the depth of one thread's tree for another's (gh-106905)."""
LONGEST = 1 << 20
"""Bytes of a file that is read with its layout: libcst takes seconds for a mebibyte."""
DEEPEST = 100
"""Levels of nesting likewise; a program that people wrote has about thirty."""


def parsed(text: str | bytes) -> ast.Module | None:
    """The syntax of a file; None where it is none that this Python reads."""
    try:
        with PARSING, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def concrete(data: bytes) -> cst.Module | None:
    """The same with its layout, for changes; None as well where it is too long or nested too deep to be walked.

    Python's own parser goes first: it refuses nesting at which libcst's would overflow the stack and end the process.
    """
    tree = parsed(data) if len(data) <= LONGEST else None
    if tree is None or is_deep(tree):
        return None
    try:
        return cst.parse_module(data)
    except (cst.ParserSyntaxError, SyntaxError, LookupError, ValueError, RecursionError):
        return None


def is_deep(tree: ast.AST) -> bool:
    """Whether something in it is nested deeper than can be walked node by node."""
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True
