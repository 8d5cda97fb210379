"""Which files are tests, by their paths: for each language, and for a repository that may know several.

Globs are as in .gitignore. A file counts that holds tests, or that tests alone read.
"""

from __future__ import annotations

from functools import cache

import pathspec

COLLECTED = ("test_*.py", "*_test.py")
"""What pytest collects where nothing else is said."""
PYTHON = (*COLLECTED, "tests.py", "test.py", "tests/", "test/", "testing/data/", "conftest.py")
_BESIDE = ("__tests__/", "__mocks__/", "__snapshots__/", "__fixtures__/")
_SCRIPTS = ("*-test.*js", "*_test.*js", "test-*.*js", "/test.*js")
JAVASCRIPT = ("test/", "tests/", *_BESIDE, "*.test.*", "*.spec.*", *_SCRIPTS)
GO = ("*_test.go", "testdata/")
RUST = ("tests/", "benches/")

_OF_JAVASCRIPT = ("[jt]s", "[jt]sx", "[cm][jt]s")
ANY = (
    *("tests/", "test/**", "testing/**", "spec/**", "e2e/**", "fixtures/**", "src/test/**", "benches/"),
    *(glob for glob in PYTHON if glob != "test/"),
    *GO,
    *("test_data/", "test-data/", "test-fixtures/"),
    *(f"*.{word}.{ending}" for word in ("test", "spec") for ending in _OF_JAVASCRIPT),
    *_SCRIPTS,
    *_BESIDE,
    "*.snap",
    *(f"**/test/**/*.{ending}" for ending in (*_OF_JAVASCRIPT, "json")),
)
"""Of all languages together, where only a repository's history is known.

`testing` and `fixtures` are tests at the root only, and `test` below it only with scripts: a package's own `testing`
or `test` is often something that it offers to others.
"""


def is_test(path: str, globs: tuple[str, ...] = ANY) -> bool:
    """Whether a file's path is a test's."""
    return spec(globs).match_file(path)


@cache
def spec(globs: tuple[str, ...]) -> pathspec.GitIgnoreSpec:
    """The globs, read once."""
    return pathspec.GitIgnoreSpec.from_lines(globs)
