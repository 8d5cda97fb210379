"""Hints that an instruction asks for something that nobody could know: for whoever writes it, not a verdict."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from runner.mining.instruction import count
from runner.python import parsed
from runner.scenarios.leaks import added, mentions, new_names, squeeze, words
from sandboxes.archive import Entry, Tree

FEW_WORDS = 25
"""Different words below which an instruction without a value, a message or code has few facts."""
MOST_NAMED = 8
"""Names or texts in one hint."""
SHORTEST = 8
"""Characters of a message that counts as one."""

_NAME = re.compile(r"[^\W\d]\w*")
_LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"|\'((?:[^\'\\\n]|\\.)*)\'|`((?:[^`\\\n]|\\.)*)`')
_PREFIX = re.compile(r"\b[rfbu]{1,2}(?=[\"'])", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)")
_ASSERTION = re.compile(r"assert|expect\(|require\.|t\.(?:Error|Fatal)|raises|toThrow|rejects")
_FACT = re.compile(
    r"`[^`\n]+`|```|^(?: {4}|\t)\S|\"[^\"\n]+\"|“[^”\n]+”|\b\d+(?:\.\d+)?\b|\w+\(|\w*(?:Error|Exception)\b",
    re.MULTILINE,
)


def hints(instruction: str, base: Tree, solved: Tree, hidden: Tree) -> tuple[str, ...]:
    """What hidden tests want that neither the instruction nor the base tells; sentences, empty where nothing was found.

    - a name that the fix brings in, that tests use, and that the instruction lacks: an interface that nobody named;
    - a message that tests expect and the fix brings in, whose words the instruction lacks;
    - a number that tests expect and the fix brings in, which the instruction lacks;
    - an instruction of few words and no value, message or code.
    """
    tests = {path: entry for path, entry in hidden.items() if base.get(path) != entry}
    fixed = {path: entry for path, entry in solved.items() if base.get(path) != entry}
    missing = unnamed(instruction, base, solved, hidden)
    new = [line for path, entry in fixed.items() for line in added(base.get(path), entry)]
    expected = [text for path, entry in tests.items() for text in _expected(path, entry, base.get(path))]
    messages = [text for text in expected if isinstance(text, str) and _is_untold(text, instruction, new, base)]
    there = {number for line in new for number in _NUMBER.findall(line)}
    told = set(_NUMBER.findall(instruction)) | {"0", "1", "2"}
    old = {number for path in fixed if path in base for number in _NUMBER.findall(_text(base[path]))}
    wanted = {
        f"{number:g}" if isinstance(number, float) else str(number)
        for number in expected
        if not isinstance(number, str)
    }
    numbers = sorted((wanted & there) - told - old)
    found = []
    if missing:
        found.append(f"Tests use names that only the fix has and the instruction does not give: {_listed(missing)}.")
    if messages:
        found.append(f"Tests expect words that only the fix has: {_listed([repr(text) for text in messages])}.")
    if numbers:
        found.append(f"Tests expect numbers that only the fix has: {_listed(numbers)}.")
    if count(instruction) < FEW_WORDS and not _FACT.search(instruction):
        found.append("The instruction names no value, message or code, and has few words.")
    return tuple(found)


def unnamed(instruction: str, base: Tree, solved: Tree, hidden: Tree) -> list[str]:
    """Names that the fix brings in, that tests use, and that the instruction lacks."""
    tests = {path: entry for path, entry in hidden.items() if base.get(path) != entry}
    fixed = {path: entry for path, entry in solved.items() if base.get(path) != entry}
    said = words(instruction)
    used = {name for path, entry in tests.items() for name in _names(path, entry)}
    return [name for name in new_names(base, fixed) if name in used and name.strip("_").casefold() not in said]


def _listed(names: list[str]) -> str:
    unique = list(dict.fromkeys(names))
    more = f" and {len(unique) - MOST_NAMED} more" if len(unique) > MOST_NAMED else ""
    return ", ".join(unique[:MOST_NAMED]) + more


def _names(path: str, entry: Entry) -> set[str]:
    """The names in a file; of a Python file those of its code, strings and comments left out."""
    text = _text(entry)
    tree = parsed(text) if path.endswith(".py") else None
    if tree is None:
        return set(_NAME.findall(_LITERAL.sub('""', text)))
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)) | ast.alias(name=name):
                found.update(name.split("."))
    return found


def _expected(path: str, entry: Entry, before: Entry | None) -> Iterator[str | int | float]:
    """The constants in a test file's assertions that are on added lines."""
    text = _text(entry)
    new = set(added(before, entry))
    tree = parsed(text) if path.endswith(".py") else None
    if tree is None:
        for line in new:
            if _ASSERTION.search(line):
                yield from (match[1] or match[2] or match[3] or "" for match in _LITERAL.finditer(line))
                yield from (
                    float(number) if "." in number else int(number)
                    for number in _NUMBER.findall(_LITERAL.sub("", line))
                )
        return
    lines = text.splitlines()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assert | ast.Call) or not _asserts(node):
            continue
        if not any(line in new for line in lines[node.lineno - 1 : node.end_lineno]):
            continue
        for inner in ast.walk(node):
            if (
                isinstance(inner, ast.Constant)
                and isinstance(inner.value, str | int | float)
                and not isinstance(inner.value, bool)
            ):
                yield inner.value


def _asserts(node: ast.Assert | ast.Call) -> bool:
    """Whether a node is an assertion: a statement, a method of unittest, or `raises` and `warns` of pytest."""
    if isinstance(node, ast.Assert):
        return True
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name.startswith("assert") or name in ("raises", "warns")


def _is_untold(text: str, instruction: str, new: list[str], base: Tree) -> bool:
    """Whether a message stands on the fix's new lines, as a whole or three words in a row, and nowhere else."""
    parts = re.findall(r"\w+", text)
    if len(text) < SHORTEST or len(parts) < 2 or mentions(instruction, text):
        return False
    runs = ["".join(parts[at : at + 3]) for at in range(max(1, len(parts) - 2))]
    flat = "".join(re.findall(r"\w+", _PREFIX.sub("", "\n".join(new))))
    run = next((run for run in runs if run in flat), None)
    if run is None or run in "".join(re.findall(r"\w+", instruction)):
        return False
    return not any(
        squeeze(text).encode() in b"".join(entry.data.split()) for entry in base.values() if not entry.is_link
    )


def _text(entry: Entry) -> str:
    return "" if entry.is_link else entry.data.decode("utf-8", "replace")
