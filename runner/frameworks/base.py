"""A test framework: how a repository's tests are called, and what can be told of them beforehand.

Every framework reports as JUnit XML of the `xunit1` family, each test with its `file`, so that a test's id is
`file::name` whatever the language (`runner.junit`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runner.repo import RepoTests


class Framework(Protocol):
    """One framework; knows nothing of scenarios and runs nothing itself."""

    language: str
    """As a model is told of it."""
    test_files: tuple[str, ...]
    """Globs as in .gitignore: files that hold tests, or that tests alone read."""
    harness_files: tuple[str, ...]
    """Names (globs) of files that steer the test runner: they stay pristine unless the reference fix changes them."""

    def shown(self, suite: RepoTests, tests: Sequence[str]) -> list[str]:
        """The command by which a model runs tests: ids, files or folders; all tests when there are none."""
        ...

    def graded(self, suite: RepoTests, more: Sequence[str], report: str, test_seconds: float) -> list[str]:
        """The command that runs every test, those of the files `more` included, and writes its report to a path."""
        ...

    def steady(self, text: str) -> str:
        """A command's output without what differs from run to run: durations."""
        ...

    def canary(self, name: str, word: str, *, fails: bool) -> bytes:
        """A test file with tests of nothing but the language itself, written like any other."""
        ...
