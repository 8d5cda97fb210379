"""What a path is in a repository: a test or what tests read, code, a document, settings of tools, generated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Literal

from runner.frameworks.naming import ANY, is_test, spec

Kind = Literal["test", "code", "document", "settings", "version", "generated"]

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
    ("test", ANY),
    ("version", VERSION),
    ("settings", SETTINGS),
    ("document", DOCUMENTS),
)


@cache
def kind(path: str) -> Kind:
    """What a path is; the first of generated, test, version, settings, document that fits, else code.

    Tests inside files of code (Rust's `mod tests`, doctests) are code: the file cannot be split.
    """
    return next((name for name, globs in _IN_ORDER if spec(globs).match_file(path)), "code")


def protecting(paths: Iterable[str], hidden: Iterable[str], fix: Iterable[str]) -> tuple[str, ...]:
    """Globs for what a model should not write: tests, hidden ones included, and what steers their runner.

    `paths` are the base's files; only globs that match a file are given. What the reference fix changes is not steered.
    """
    there = [*paths, *hidden]
    tests = [glob for glob in ANY if any(is_test(path, (glob,)) for path in there)]
    covered = spec(tuple(tests))
    single = [literal(path) for path in hidden if not covered.match_file(path)]
    steering = spec(STEERING)
    changed = set(fix)
    steers = [literal(path) for path in there if "/" not in path and path not in changed and steering.match_file(path)]
    return tuple(dict.fromkeys([*tests, *single, *sorted(steers)]))


def literal(path: str) -> str:
    """A glob that matches one path alone (at the root: that name anywhere), and is no exception or comment."""
    return re.sub(r"([\\*?\[\]!# ])", r"\\\1", path)
