"""Rules for the text of regular expressions and of date formats."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import libcst as cst

from runner.models.repair.changes import Change, Context

FUNCTIONS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
FLAGS = ("re.IGNORECASE", "re.MULTILINE", "re.DOTALL")
TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?(?:P<\w+>|[:=!]|<[=!])|\{\d*,?\d*\}|.", re.DOTALL)
CODE = re.compile(r"%([HImMyYdjBb])")
CODES = {"H": "I", "I": "H", "m": "M", "M": "m", "y": "Y", "Y": "y", "d": "m", "j": "d", "B": "b", "b": "B"}
LETTERS = {
    "[a-z]": "[a-zA-Z]",
    "[A-Z]": "[a-zA-Z]",
    "[a-z0-9]": "[a-zA-Z0-9]",
    r"\d": "[0-9]",
    r"\w": r"[\w-]",
    r"\s": " ",
    " ": r"\s",
    r"\S": r"[^\s]",
}

Tokens = list[str]


def patterns(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """The pattern of a call of `re`, or any raw string, with one tweak."""
    if not isinstance(node, cst.SimpleString) or "b" in node.prefix.lower():
        return
    raw = "r" in node.prefix.lower()
    if not raw and ("\\" in node.raw_value or not _is_pattern(context)):
        return
    for order, text in enumerate(dict.fromkeys(tweaks(node.raw_value))):
        if valid(text):
            yield context.change("regex", node, f"{node.prefix}{node.quote}{text}{node.quote}", order // 3)


def _is_pattern(context: Context) -> bool:
    call = context.parents[-2] if len(context.parents) > 1 else None
    if not isinstance(call, cst.Call) or not isinstance(context.parent, cst.Arg):
        return False
    name = call.func.attr if isinstance(call.func, cst.Attribute) else call.func
    return isinstance(name, cst.Name) and name.value in FUNCTIONS and call.args[0] is context.parent


def valid(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def tweaks(pattern: str) -> Iterator[str]:
    """Patterns that differ from `pattern` in one token; the likeliest first: greed, wildcards and anchors,
    then repetition, then letters and groups."""
    tokens = TOKEN.findall(pattern)
    yield from _each(tokens, _greed)
    yield from _each(tokens, lambda token: [r"\."] if token == "." else [])
    yield from _anchored(pattern)
    yield from _each(tokens, _repetition)
    yield from _each(tokens, _letters)


def _each(tokens: Tokens, alternatives: Callable[[str], list[str]]) -> Iterator[str]:
    for at, token in enumerate(tokens):
        for other in alternatives(token):
            yield "".join([*tokens[:at], other, *tokens[at + 1 :]])


def _greed(token: str) -> list[str]:
    return [f"{token}?"] if token in ("+", "*") or (token[0] == "{" and len(token) > 1) else []


def _repetition(token: str) -> list[str]:
    if token in ("+", "*"):
        return ["*" if token == "+" else "+", ""]
    if token == "?":
        return [""]
    if token[0] == "{" and token[-1] == "}":
        low, comma, high = token[1:-1].partition(",")
        bounds = [(low, comma, _moved(high, step)) for step in (1, -1) if high]
        bounds += [(_moved(low, step), comma, high) for step in (-1, 1) if low]
        return ["{" + "".join(bound) + "}" for bound in bounds] + ([f"{{{low},}}"] if not comma else [])
    return []


def _moved(number: str, step: int) -> str:
    return str(max(0, int(number) + step))


def _letters(token: str) -> list[str]:
    if token == ")":
        return [")?"]
    if token.startswith("[^"):
        return []
    if token in (r"\d", r"\w"):
        return [f"{token}+", LETTERS[token]]
    if token.startswith("[") and token not in LETTERS:
        return [f"{token[:-1]}{more}]" for more in ("-", ".", "_") if more not in token]
    return [LETTERS[token]] if token in LETTERS else []


def _anchored(pattern: str) -> Iterator[str]:
    """With the end anchored or not, then the start."""
    if pattern.endswith("$"):
        yield pattern[:-1] + r"\Z"
        yield pattern[:-1]
    elif not pattern.endswith(r"\Z"):
        yield pattern + "$"
        yield pattern + r"\Z"
        yield pattern + r"\b"
    if pattern.startswith("^"):
        yield pattern[1:]
    elif not pattern.startswith(r"\A"):
        yield "^" + pattern
        yield r"\b" + pattern


def flags(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """A flag added to a pattern that is compiled without one."""
    if isinstance(node, cst.Call) and context.text(node.func) == "re.compile" and len(node.args) == 1:
        for order, flag in enumerate(FLAGS):
            yield context.change("regex-flag", node, f"{context.text(node)[:-1]}, {flag})", order)


def formats(node: cst.CSTNode, context: Context) -> Iterator[Change]:
    """One code of a date format for the one it is mistaken for."""
    if isinstance(node, cst.SimpleString):
        source = context.text(node)
        for found in CODE.finditer(source):
            text = source[: found.start(1)] + CODES[found[1]] + source[found.end(1) :]
            yield context.change("format", node, text)


RULES = (patterns, flags, formats)
