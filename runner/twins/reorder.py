"""The kind `reorder`: functions, classes and methods in another order, where none is needed before another.

How that is decided is `runner.twins.ordering`'s; files with tests are the kind `layout`'s.
"""

from __future__ import annotations

import re

import libcst as cst

from runner.arms import TwinKind
from runner.python import concrete
from runner.twins.base import Subject, Terms, Transformed, TwinRefused
from runner.twins.ordering import Needs, Sorter
from runner.twins.trees import with_python

DRAWS = 8
"""Orders that are drawn until one is another than there was."""
_TESTS = re.compile(rb"^\s*(async )?def test|^\s*class Test|unittest", re.MULTILINE)


class Reorder:
    """Puts definitions into another order."""

    kind: TwinKind = "reorder"

    def apply(self, subject: Subject, terms: Terms) -> Transformed:
        """Raises TwinRefused where no two definitions can change places."""
        needs = Needs()
        for tree in (subject.base, subject.solved):
            for path, entry in tree.items():
                wanted = path.endswith(".py") and not entry.is_link and path not in terms.without
                if wanted and (module := _parsed(entry.data)) is not None:
                    needs.read(path, module)

        for draw in range(DRAWS):
            moved = 0

            def change(path: str, data: bytes, draw: int = draw) -> bytes:
                nonlocal moved
                module = _parsed(data) if path in needs.files else None
                if module is None:
                    return data
                sorter = Sorter(path, f"{terms.seed} {draw}", needs)
                try:
                    changed = module.visit(sorter).bytes
                except (UnicodeError, RecursionError):
                    return data
                moved += sorter.moved
                return changed

            made = with_python(subject, change)
            if moved:
                return Transformed(made, changed=moved, candidates=needs.count)
        raise TwinRefused("nothing-to-change", "no two definitions can safely change places")


def _parsed(data: bytes) -> cst.Module | None:
    return None if _TESTS.search(data) else concrete(data)
