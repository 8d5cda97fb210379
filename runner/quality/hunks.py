"""The reference fix as the runs of lines that it changes, and the fix with one of them taken back."""

from __future__ import annotations

import ast
import difflib
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sandboxes.archive import Entry, Tree

CODE = frozenset(
    {
        ".py", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".go", ".rs", ".java", ".kt",
        ".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".rb", ".php", ".swift", ".scala",
    }
)  # fmt: skip
"""Endings of files that hold program text."""
PROSE = frozenset([".md", ".rst", ".txt", ".adoc"])
"""Endings of files that no test reads, as a rule."""
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
COMMENTS = ("//", "#", "/*", "*", "*/")
"""How lines begin that hold nothing but a comment, in the languages above that are not Python."""


@dataclass(frozen=True)
class Changed:
    """A text file that the fix changes."""

    path: str
    base: str | None
    """None for a file that the fix adds."""
    solved: str | None
    """None for a file that the fix deletes."""

    @property
    def ending(self) -> str:
        return posixpath.splitext(self.path)[1]


@dataclass(frozen=True)
class Hunk:
    """A run of changed lines. `before` and `after` are lines of base and solved file, from 0, the end excluded."""

    file: Changed
    before: range
    after: range


def changed_files(base: Tree, solved: Tree) -> list[Changed]:
    """The program and data files that differ, by path; prose, links, and what is not UTF-8 are left out."""
    found = []
    for path in sorted(base.keys() | solved.keys()):
        if base.get(path) == solved.get(path) or posixpath.splitext(path)[1].lower() in PROSE:
            continue
        try:
            found.append(Changed(path, _text(base.get(path)), _text(solved.get(path))))
        except UnicodeDecodeError:
            continue
    return [file for file in found if file.base != file.solved]


def hunks(file: Changed) -> Iterator[Hunk]:
    """Every run of changed lines; a file that is new or gone is one."""
    before, after = _lines(file.base), _lines(file.solved)
    if file.base is None or file.solved is None:
        yield Hunk(file, range(len(before)), range(len(after)))
        return
    for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield Hunk(file, range(a, b), range(c, d))


def without(hunk: Hunk) -> str | None:
    """The solved file with one hunk taken back; None where there is no such file then."""
    file = hunk.file
    if file.base is None:
        return None
    if file.solved is None:
        return file.base
    before, after = _lines(file.base), _lines(file.solved)
    kept = before[hunk.before.start : hunk.before.stop]
    return "".join([*after[: hunk.after.start], *kept, *after[hunk.after.stop :]])


def says_something(hunk: Hunk) -> bool:
    """Whether taking it back tells something: not for blank lines, comments and docstrings alone.

    Nor for imports: taken back, a needed one breaks everything and another nothing, whatever the tests are worth.
    """
    file, undone = hunk.file, without(hunk)
    if undone is None or file.solved is None:
        return bool((undone or file.solved or "").strip())
    if file.ending == ".py" and (solved := program(file.solved, imports=False)) is not None:
        return program(undone, imports=False) != solved
    lines = [*_lines(file.base)[hunk.before.start : hunk.before.stop], *_changed_lines(hunk)]
    texts = [line.strip() for line in lines if line.strip()]
    return any(not (file.ending in CODE and text.startswith(COMMENTS)) for text in texts)


def program(text: str, imports: bool = True) -> str | None:
    """A key that two Python texts share when they differ in layout, comments and docstrings alone; in imports, too,
    without `imports`. None for what does not compile.
    """
    try:
        tree = ast.parse(text)
        compile(tree, "<mutant>", "exec")
        for node in ast.walk(tree):
            if isinstance(node, DOCUMENTED) and ast.get_docstring(node):
                node.body = node.body[1:]
            if not imports and isinstance(node, ast.Module):
                node.body = [each for each in node.body if not isinstance(each, (ast.Import, ast.ImportFrom))]
        return ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _changed_lines(hunk: Hunk) -> Sequence[str]:
    return _lines(hunk.file.solved)[hunk.after.start : hunk.after.stop]


def _text(entry: Entry | None) -> str | None:
    if entry is None or entry.is_link:
        return None
    if b"\0" in entry.data:
        raise UnicodeDecodeError("utf-8", entry.data, 0, 1, "binary")
    return entry.data.decode()


def _lines(text: str | None) -> list[str]:
    """With their ends; as in git, a line ends with a line feed and nothing else."""
    return re.findall(r"[^\n]*\n|[^\n]+", text or "")
