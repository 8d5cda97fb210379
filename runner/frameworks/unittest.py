"""unittest by its own loader, and Django's runner, for suites that pytest does not run as they are meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from runner.frameworks.base import Canary
from runner.frameworks.python import PythonFramework, comparison, function_name
from runner.scenarios.repo import RepoTests

RUN = Path(__file__).parent / "inside" / "run_unittest.py"
"""Loads and runs tests inside the sandbox."""
DURATION = re.compile(r"(?<=^Ran )(\d+ tests?) in \d+\.\d+s$", re.MULTILINE)


class Unittest(PythonFramework):
    """`unittest discover`, which honours `load_tests`."""

    runner = "unittest"

    def shown(self, suite: RepoTests, tests: Sequence[str]) -> list[str]:
        return [*self._run(), *suite.args, "--", *(tests or suite.paths)]

    def graded(self, suite: RepoTests, more: Sequence[str], report: str, test_seconds: float) -> list[str]:
        argv = [*self._run(), f"--report={report}", f"--seconds={test_seconds:g}", *suite.args, "--", *suite.paths]
        return [*argv, *(more if suite.paths else [])]

    def steady(self, text: str) -> str:
        return DURATION.sub(r"\1", text)

    def canaries(self, file: str, wanted: Sequence[Canary], neighbour: str) -> tuple[bytes, list[str]]:
        case = "".join(word.capitalize() for canary in wanted for word in canary.words[:2]) + "Test"
        lines = ["import unittest", "", "", f"class {case}(unittest.TestCase):"]
        for canary in wanted:
            actual, expected = comparison(canary)
            lines += [f"    def {function_name(canary)}(self):", f"        self.assertEqual({actual}, {expected})", ""]
        return "\n".join(lines).encode(), [f"{file}::{case}::{function_name(canary)}" for canary in wanted]

    def _run(self) -> list[str]:
        return ["python", "-c", RUN.read_text(encoding="utf-8"), self.runner]


class Django(Unittest):
    """`manage.py test`: settings from `DJANGO_SETTINGS_MODULE` or manage.py, the project's own runner and database."""

    runner = "django"
