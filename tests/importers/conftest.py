"""Foreign data written on the fly: repositories with two states of a project, rows that describe them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runner.errors import Rejected
from runner.importers.base import Sources
from runner.scenarios.checkout import difference
from runner.scenarios.objects import store
from runner.scenarios.proposal import Lead, Proposal
from sandboxes.archive import Entry, Tree

OLD: Tree = {
    "src/calc.py": Entry(b"def double(x):\n    return x + 2\n"),
    "pyproject.toml": Entry(b'[tool.pytest.ini_options]\npythonpath = ["src"]\n'),
    "tests/test_calc.py": Entry(b"from calc import double\n\n\ndef test_two():\n    assert double(2) == 4\n"),
}
FIXED: Tree = {**OLD, "src/calc.py": Entry(b"def double(x):\n    return x * 2\n")}
TESTED: Tree = {
    **OLD,
    "tests/test_calc.py": Entry(OLD["tests/test_calc.py"].data + b"\n\ndef test_three():\n    assert double(3) == 6\n"),
}
NEW: Tree = {**FIXED, "tests/test_calc.py": TESTED["tests/test_calc.py"]}


@dataclass(frozen=True)
class Upstream:
    """A project's mirror, and a row that describes its bug."""

    repos: Path
    old: str
    new: str
    row: Mapping[str, Any]

    def sources(self, cache: Path) -> Sources:
        return Sources(cache=cache, repos=self.repos)


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    mirror = tmp_path / "mirrors" / "acme__calc.git"
    old, new = store(OLD, mirror), store(NEW, mirror)
    row = {
        "instance_id": "acme__calc-1",
        "repo": "acme/calc",
        "base_commit": old,
        "patch": difference(OLD, FIXED),
        "test_patch": difference(OLD, TESTED),
        "problem_statement": "# Doubling is off\r\n\r\ndouble(3) gives 5; 6 was expected.",
        "hints_text": "use x * 2",
        "created_at": "2022-03-03T15:14:54Z",
        "version": "1.0",
        "FAIL_TO_PASS": '["tests/test_calc.py::test_three"]',
        "PASS_TO_PASS": '["tests/test_calc.py::test_two"]',
        "environment_setup_commit": old,
    }
    return Upstream(mirror.parent, old, new, row)


Outcome = Proposal | Rejected


def loaded(leads: Iterable[Lead]) -> dict[str, Outcome]:
    """Id → what loading the lead gives."""
    found: dict[str, Outcome] = {}
    for lead in leads:
        assert lead.id not in found, f"{lead.id} twice"
        try:
            found[lead.id] = lead.load()
        except Rejected as error:
            found[lead.id] = error
    return found


@pytest.fixture
def load() -> Callable[[Iterable[Lead]], dict[str, Outcome]]:
    return loaded
