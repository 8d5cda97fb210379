"""Where a fix changes something: files, and the symbols around the changed lines."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterable, Iterator

from runner.python import parsed
from sandboxes.archive import Tree

MOST_LINES = 20_000
"""Of a file beyond which only the file is named."""

_SYMBOL = re.compile(
    r"^\s*(?:export\s+|default\s+|public\s+|private\s+|protected\s+|static\s+|pub(?:\([^)]*\))?\s+|async\s+|unsafe\s+)*"
    r"(?:func\s+(?:\([^)]*\)\s*)?|function\s*\*?\s*|fn\s+|def\s+|class\s+|(?:const|let|var)\s+(?=\w+\s*=\s*(?:async\s*)?"
    r"(?:function\b|\([^)]*\)\s*=>|\w+\s*=>)))(?P<name>[A-Za-z_$][\w$]*)"
)
_RECEIVER = re.compile(r"^\s*func\s+\(\s*\w*\s*\*?(?P<type>\w+)")


def locations(base: Tree, solved: Tree, paths: Iterable[str]) -> tuple[str, ...]:
    """`file::qualified.symbol` of what changes in these files of the base, else the file alone; sorted by place.

    A file that the base lacks is no place of a fault, unless the fix is nothing but new files.
    """
    found: list[str] = []
    new: list[str] = []
    for path in sorted(paths):
        if path not in base:
            new.append(path)
            continue
        before, after = base[path], solved.get(path)
        texts = [each.data.decode("utf-8", "replace") for each in (before, after) if each is not None]
        if len(texts) < 2 or before.is_link:
            found.append(path)
            continue
        names = _symbols(path, *texts)
        found += [f"{path}::{name}" if name else path for name in names] or [path]
    return tuple(dict.fromkeys(found or new))


def _symbols(path: str, before: str, after: str) -> list[str]:
    """The symbols of the base around each changed line; an empty name where there is none."""
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > MOST_LINES:
        return []
    here = _python_symbols(before) if path.endswith((".py", ".pyi")) else None
    names: list[str] = []
    for start, end in _changed(old, new):
        lines = range(start, end) if end > start else [start]
        places = [line for line in lines if not 0 <= line < len(old) or old[line].strip() or len(lines) == 1]
        names += [_around(here, line) if here is not None else _above(old, line) for line in places]
    named = list(dict.fromkeys(names))
    return [name for name in named if name] or named


def _changed(old: list[str], new: list[str]) -> Iterator[tuple[int, int]]:
    """Ranges of the old lines that are replaced or deleted; an insertion, for the line that opens its block."""
    front = 0
    while front < min(len(old), len(new)) and old[front] == new[front]:
        front += 1
    back = 0
    while back < min(len(old), len(new)) - front and old[-1 - back] == new[-1 - back]:
        back += 1
    middle = difflib.SequenceMatcher(None, old[front : len(old) - back], new[front : len(new) - back], autojunk=False)
    for tag, start, end, at, to in middle.get_opcodes():
        if tag == "insert":
            first = next((line for line in new[front + at : front + to] if line.strip()), "")
            yield (_opening(old, front + start, first),) * 2
        elif tag != "equal":
            yield front + start, front + end


def _opening(old: list[str], line: int, inserted: str) -> int:
    """The last line before a place that is indented less than what is inserted there; -1 where there is none."""
    depth = len(inserted) - len(inserted.lstrip())
    at = line - 1
    while at >= 0 and (not old[at].strip() or len(old[at]) - len(old[at].lstrip()) >= depth):
        at -= 1
    return at


def _python_symbols(text: str) -> list[tuple[int, int, str]] | None:
    """(first line, last line, qualified name), outer before inner, from 0; None where it is no Python."""
    tree = parsed(text)
    if tree is None:
        return None
    found: list[tuple[int, int, str]] = []
    todo: list[tuple[ast.AST, str]] = [(tree, "")]
    while todo:
        node, prefix = todo.pop()
        for child in ast.iter_child_nodes(node):
            inside = prefix
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                first = min([child.lineno, *(each.lineno for each in child.decorator_list)])
                found.append((first - 1, (child.end_lineno or child.lineno) - 1, f"{prefix}{child.name}"))
                inside = f"{prefix}{child.name}."
            todo.append((child, inside))
    return sorted(found, key=lambda each: (each[0], -each[1]))


def _around(symbols: list[tuple[int, int, str]], line: int) -> str:
    return next((name for first, last, name in reversed(symbols) if first <= line <= last), "")


def _above(lines: list[str], line: int) -> str:
    """The nearest symbol that begins at or above a line and is indented less than it; a Go method with its type."""
    at = min(line, len(lines) - 1)
    if at < 0:
        return ""
    own = len(lines[at]) - len(lines[at].lstrip())
    for here in range(at, -1, -1):
        text = lines[here]
        depth = len(text) - len(text.lstrip())
        if (match := _SYMBOL.match(text)) and (here == at or depth < own):
            receiver = _RECEIVER.match(text)
            return f"{receiver['type']}.{match['name']}" if receiver else match["name"]
        if (
            here < at
            and text.strip()
            and depth == 0
            and not text.startswith(("}", ")", "#", "//", "/*", " *", "*"))
            and own
        ):
            return ""
    return ""
