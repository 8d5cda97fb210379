"""A test framework: how a repository's tests are called, and what can be told of them beforehand.

Every framework reports as JUnit XML of the `xunit1` family, each test with its `file`, so that a test's id is
`file::name` whatever the language (`runner.grading.junit`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from runner.scenarios.repo import RepoTests


@dataclass(frozen=True)
class Canary:
    """A test to be written of nothing but the language itself; everything in it is drawn for one grading."""

    words: tuple[str, ...]
    """Lower-case words that its name is made of."""
    left: int
    right: int
    """Greater than `left`."""
    form: int
    """Any number: which of the framework's ways to write it."""
    fails: bool


class Framework(Protocol):
    """One framework; knows nothing of scenarios and runs nothing itself."""

    language: str
    """As a model is told of it."""
    test_files: tuple[str, ...]
    """Globs as in .gitignore: files that hold tests, or that tests alone read."""
    harness_files: tuple[str, ...]
    """Files that steer the test runner: they stay pristine unless the reference fix changes them.

    Globs of names, or with a `/` of paths from the root, as `fnmatch` has them.
    """
    declares: re.Pattern[bytes]
    """Finds tests in a test file's source; group 1 is a test's name."""
    copies_tests: bool
    """`runner.grading.copies` or `runner.grading.go_copies` makes copies and foils of tests."""
    built_together: bool
    """Tests of a folder are compiled as one: where that fails, none of them is reported, control tests included."""

    def shown(self, suite: RepoTests, tests: Sequence[str]) -> list[str]:
        """The command by which a model runs tests: ids, files or folders; all tests when there are none."""
        ...

    def graded(self, suite: RepoTests, more: Sequence[str], report: str, test_seconds: float) -> list[str]:
        """The command that runs every test, those of the files `more` included, and writes its report to a path."""
        ...

    def steady(self, text: str) -> str:
        """A command's output without what differs from run to run: durations."""
        ...

    def named(self, words: Sequence[str]) -> str:
        """What a test is called whose name is made of these lower-case words."""
        ...

    def beside(self, file: str, words: Sequence[str], early: bool) -> str:
        """The path of a new test file, found by the framework as `file` is and in the same folder.

        It sorts after `file`, or anywhere when `early`.
        """
        ...

    def canaries(self, file: str, wanted: Sequence[Canary], neighbour: str) -> tuple[bytes, list[str]]:
        """A test file at the path `file`, and each canary's id; `neighbour` is the source of a test file beside."""
        ...
