"""pytest, which also runs unittest's test cases and, where configured, doctests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from runner.frameworks.base import Canary
from runner.frameworks.python import PythonFramework, comparison, function_name
from runner.scenarios.repo import RepoTests

LAUNCH = Path(__file__).parent / "inside" / "launch_pytest.py"
"""Starts pytest inside the sandbox, so that nothing in the workspace is imported in its place."""
SHOWN = ("python", "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-rfE")
DURATION = re.compile(r" in \d+\.\d\ds(?: \(\d+:\d\d:\d\d\))?(?=\s*=*$)", re.MULTILINE)
"""How long the tests took, in pytest's last line."""


class Pytest(PythonFramework):
    """The default."""

    def shown(self, suite: RepoTests, tests: Sequence[str]) -> list[str]:
        return [*SHOWN, *suite.args, *(tests or suite.paths)]

    def graded(self, suite: RepoTests, more: Sequence[str], report: str, test_seconds: float) -> list[str]:
        argv = ["python", "-c", LAUNCH.read_text(encoding="utf-8")]
        argv += ["-q", "--tb=short", "-p", "no:cacheprovider", "--maxfail=0"]
        argv += ["--continue-on-collection-errors", f"--timeout={test_seconds:g}"]
        argv += ["-o", "junit_family=xunit1", f"--junitxml={report}", *suite.args]
        return [*argv, *([*suite.paths, *more] if suite.paths else [])]

    def steady(self, text: str) -> str:
        return DURATION.sub("", text)

    def canaries(self, file: str, wanted: Sequence[Canary], neighbour: str) -> tuple[bytes, list[str]]:
        functions = []
        for canary in wanted:
            actual, expected = comparison(canary)
            functions.append(f"def {function_name(canary)}():\n    assert {actual} == {expected}\n")
        return "\n\n".join(functions).encode(), [f"{file}::{function_name(canary)}" for canary in wanted]
