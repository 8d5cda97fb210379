"""One change made to every Python file of a subject's trees."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import replace

from runner.twins.base import Subject
from runner.twins.file_names import PYTHON
from sandboxes.archive import Entry, Tree

Change = Callable[[str, bytes], bytes]
"""Gets a file's path and content; the same for both is the same result. What it cannot walk to its end (RecursionError)
stays as it is."""
LOOKS_AT_ITSELF = re.compile(
    rb"\b(getsource\w*|getsourcelines|getcomments|linecache|findsource|co_firstlineno|f_lineno)\b"
)
"""In files whose code may read its own text, so that another text may be another program."""
_TEST = re.compile(r"(test_.*|.*_tests?|tests?|conftest)\.py")


def with_python(subject: Subject, change: Change) -> Subject:
    """A subject with each Python file of base, solved tree and hidden tests changed; equal files are changed once."""
    known: dict[tuple[str, bytes], bytes] = {}

    def one(path: str, entry: Entry) -> Entry:
        if entry.is_link or not path.endswith(PYTHON):
            return entry
        if (path, entry.data) not in known:
            known[path, entry.data] = _changed(change, path, entry.data)
        return replace(entry, data=known[path, entry.data])

    def tree(files: Tree) -> dict[str, Entry]:
        return {path: one(path, entry) for path, entry in files.items()}

    return replace(subject, base=tree(subject.base), solved=tree(subject.solved), hidden=tree(subject.hidden))


def _changed(change: Change, path: str, data: bytes) -> bytes:
    try:
        return change(path, data)
    except RecursionError:
        return data


def is_test(path: str) -> bool:
    """Whether a file holds tests, or what they share, by its name.

    >>> is_test("tests/test_a.py"), is_test("tests/helpers.py"), is_test("src/contest.py")
    (True, False, False)
    """
    return _TEST.fullmatch(posixpath.basename(path)) is not None
