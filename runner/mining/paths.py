"""What a path is in a repository: a test or what tests read, code, a document, settings of tools, generated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal

import pathspec

Kind = Literal["test", "code", "document", "settings", "version", "generated"]

TEST_FILES = (
    "tests/",
    "test/**",
    "testing/**",
    "spec/**",
    "e2e/**",
    "fixtures/**",
    "src/test/**",
    "test_*.py",
    "*_test.py",
    "tests.py",
    "test.py",
    "conftest.py",
    "testdata/",
    "test_data/",
    "test-data/",
    "test-fixtures/",
    "*_test.go",
    "*.test.[jt]s",
    "*.test.[jt]sx",
    "*.test.[cm][jt]s",
    "*.spec.[jt]s",
    "*.spec.[jt]sx",
    "*.spec.[cm][jt]s",
    "__tests__/",
    "__mocks__/",
    "__fixtures__/",
    "__snapshots__/",
    "*.snap",
    "**/test/**/*.[jt]s",
    "**/test/**/*.[jt]sx",
    "**/test/**/*.[cm][jt]s",
    "**/test/**/*.json",
)
"""Globs as in .gitignore, of all frameworks together: a repository's history may know several.

`testing` and `fixtures` are tests at the root only, and `test` below it only with scripts: a package's own `testing`
or `test` is often something that it offers to others.
"""
STEERING = (
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
    "jest.config.*",
    "vitest.config.*",
    "package.json",
    ".mocharc*",
)
"""Globs of files that steer a test runner."""
DOCUMENTS = (
    "doc/**",
    "docs/**",
    "doc-src/**",
    "examples/**",
    "changelog.d/",
    "newsfragments/",
    "changes/*.rst",
    "changes/*.md",
    ".changeset/",
    "*.md",
    "*.rst",
    "*.adoc",
    "*.markdown",
    "/*.txt",
    "LICENSE*",
    "LICENCE*",
    "COPYING*",
    "AUTHORS*",
    "CONTRIBUTORS*",
    "THANKS*",
    "CHANGELOG*",
    "CHANGES*",
    "HISTORY*",
    "NEWS*",
    "README*",
    "!requirements*.txt",
    "!constraints*.txt",
    "!CMakeLists.txt",
    "!templates/**/*.md",
    "!**/templates/**",
    "!**/data/**",
    "!**/resources/**",
)
SETTINGS = (
    ".github/",
    ".gitlab/",
    ".circleci/",
    ".azure-pipelines/",
    ".vscode/",
    ".idea/",
    ".devcontainer/",
    ".gitlab-ci.yml",
    ".travis.yml",
    "appveyor.yml",
    ".appveyor.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "Jenkinsfile",
    ".cirrus.yml",
    ".readthedocs.y*ml",
    ".pre-commit-config.yaml",
    "mkdocs.yml",
    "codecov.yml",
    ".codecov.yml",
    ".coveragerc",
    ".gitignore",
    ".gitattributes",
    ".gitmodules",
    ".git-blame-ignore-revs",
    ".mailmap",
    ".editorconfig",
    ".dockerignore",
    ".flake8",
    ".pylintrc",
    "pylintrc",
    "mypy.ini",
    "ruff.toml",
    ".ruff.toml",
    ".isort.cfg",
    ".eslintrc*",
    "eslint.config.*",
    ".eslintignore",
    ".prettierrc*",
    ".prettierignore",
    ".golangci.y*ml",
    "rustfmt.toml",
    "clippy.toml",
    "renovate.json",
    "noxfile.py",
    "Makefile",
    "justfile",
    "Dockerfile*",
    "docker-compose*.y*ml",
    "MANIFEST.in",
    "setup.py",
    "requirements*.txt",
    "constraints*.txt",
    "requirements/",
    "Pipfile",
    "environment.y*ml",
    "tsconfig*.json",
    "go.mod",
    "Cargo.toml",
    *STEERING,
)
VERSION = ("VERSION", "VERSION.txt", "version.txt", "_version.py", "__version__.py", "version.py", "__about__.py")
GENERATED = (
    "*.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "Pipfile.lock",
    "go.sum",
    "*.min.js",
    "*.min.css",
    "*.map",
    "*_pb2.py",
    "*_pb2_grpc.py",
    "*.pb.go",
    "*.egg-info/",
    "__pycache__/",
    "node_modules/",
    "/dist/",
    "/vendor/",
)

_IN_ORDER: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("generated", GENERATED),
    ("test", TEST_FILES),
    ("version", VERSION),
    ("settings", SETTINGS),
    ("document", DOCUMENTS),
)


@cache
def kind(path: str) -> Kind:
    """What a path is; the first of generated, test, version, settings, document that fits, else code.

    Tests inside files of code (Rust's `mod tests`, doctests) are code: the file cannot be split.
    """
    return next((name for name, globs in _IN_ORDER if _spec(globs).match_file(path)), "code")


def protecting(paths: Iterable[str], hidden: Iterable[str], fix: Iterable[str]) -> tuple[str, ...]:
    """Globs for what a model should not write: tests, hidden ones included, and what steers their runner.

    `paths` are the base's files; only globs that match a file are given. What the reference fix changes is not steered.
    """
    there = [*paths, *hidden]
    tests = [glob for glob in TEST_FILES if any(map(_spec((glob,)).match_file, there))]
    covered = _spec(tuple(tests))
    single = [literal(path) for path in hidden if not covered.match_file(path)]
    steering = _spec(STEERING)
    changed = set(fix)
    steers = [literal(path) for path in there if "/" not in path and path not in changed and steering.match_file(path)]
    return tuple(dict.fromkeys([*tests, *single, *sorted(steers)]))


def literal(path: str) -> str:
    """A glob that matches one path alone (at the root: that name anywhere), and is no exception or comment."""
    return re.sub(r"([\\*?\[\]!# ])", r"\\\1", path)


@cache
def _spec(globs: tuple[str, ...]) -> pathspec.PathSpec[Any]:
    return pathspec.PathSpec.from_lines("gitignore", globs)
