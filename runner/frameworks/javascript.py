"""What the frameworks of JavaScript have in common."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

INSIDE = Path(__file__).with_name("inside")
TEST_FILES = ("test/", "tests/", "__tests__/", "__mocks__/", "__snapshots__/", "__fixtures__/")
TEST_FILES += ("*.test.*", "*.spec.*", "*-test.?(c|m)js", "*_test.*js", "test-*.*js", "/test.*js", "/test.*ts")
HARNESS_FILES = ("package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml")
HARNESS_FILES += (".npmrc", ".yarnrc*", ".pnp.*", ".env", ".env.*", "tsconfig*.json", "jsconfig.json")
HARNESS_FILES += (".babelrc*", "babel.config.*", ".swcrc", ".mocharc*", ".c8rc*", ".nycrc*", "node.config.json")
NEVER_TAKEN = ("node_modules",)
"""Folders out of which nothing is taken over: what a runner and its plugins are made of."""


def split(node: str) -> tuple[str, list[str]]:
    """A node id's file, and the names of its test's groups and of the test."""
    file, _, names = node.partition("::")
    return file, names.split(" > ") if names else []


def exactly(*names: str) -> str:
    """A regular expression of JavaScript for these words, one space between them, and nothing else."""
    return f"^{re.sub(r'([\\^$.*+?()[\]{}|/])', r'\\\1', ' '.join(names))}$"


def beside(file: str, words: str, *, early: bool = False) -> str:
    """A new test file in the folder of another one that the framework finds as it finds that one.

    It sorts before the other one where `early`, else after it, as long as `words` does.

    >>> beside("test/money.test.mjs", "empty-last")
    'test/money-empty-last.test.mjs'
    >>> beside("test/money.test.mjs", "empty-last", early=True)
    'test/empty-last.test.mjs'
    """
    folder, slash, name = file.rpartition("/")
    if prefix := re.match(r"test[-_](?=[^.])", name):
        stem, _, endings = name[prefix.end() :].partition(".")
        return f"{folder}{slash}{prefix[0]}{words if early else f'{stem}-{words}'}.{endings}"
    marked = re.fullmatch(r"(.*?)((?:[._-](?:test|spec))?\.[^.]*)", name)
    stem, ending = (marked[1], marked[2]) if marked else (name, "")
    return f"{folder}{slash}{words if early or not stem else f'{stem}-{words}'}{ending}"


def check(word: str, *, fails: bool, draw: random.Random) -> tuple[str, str]:
    """Two expressions of nothing but JavaScript: equal, or unequal where `fails`."""
    left, right = sorted(draw.sample(range(2, 90), 2))
    return draw.choice(
        [
            (f"Math.max({left}, {right})", f"{right + fails}"),
            (f"[{left}, {right}].reduce((sum, each) => sum + each)", f"{left + right + fails}"),
            (f"{json.dumps(word)}.toUpperCase()", json.dumps(word.upper() + "S" * fails)),
            (f"{json.dumps(word)}.length", f"{len(word) + fails}"),
        ]
    )
