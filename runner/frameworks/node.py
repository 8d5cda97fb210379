"""Node's own test runner (`node --test`), versions 18 to 24, CommonJS and ES modules.

A test's id is `file::name`, the names of its groups before it: `test/money.test.js::rounding > half a cent`. Each file
runs in a process of its own (`inside/node.py`, `inside/reporter.mjs`). Where a process breaks off, hangs or exits, the
tests of its file that had ended keep their outcomes, unless they belong to a group that had not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from runner.frameworks.base import Canary
from runner.frameworks.javascript import (
    ES_MODULE,
    INSIDE,
    JavaScriptFramework,
    as_url,
    comparison,
    exactly,
    launcher,
    name_of,
    own_imports,
    split,
)
from runner.scenarios.repo import RepoTests

DURATION = re.compile(r" \(\d+(?:\.\d+)?ms\)|(?<=duration_ms )\d+(?:\.\d+)?")
OWN_OPTIONS = frozenset(
    {"--test", "--test-reporter", "--test-reporter-destination", "--test-force-exit", "--test-concurrency"}
)
"""Options of `node --test` that grading has its own way for."""


class Node(JavaScriptFramework):
    """`args` in repo.toml are options of Node, as in `--import=tsx`; `paths` are files, folders or globs."""

    def shown(self, suite: RepoTests, tests: Sequence[str]) -> list[str]:
        """Names are patterns for all of the files: a test of the same name elsewhere among them runs as well."""
        chosen = [split(test) for test in tests]
        patterns = dict.fromkeys(exactly(name) for _, names in chosen for name in names)
        if any(not names for _, names in chosen):
            patterns = {}
        files = list(dict.fromkeys(file for file, _ in chosen)) or list(suite.paths)
        named = [f"--test-name-pattern={pattern}" for pattern in patterns]
        return ["node", "--test", "--test-reporter=spec", *_options(suite.args), *named, *files]

    def graded(self, suite: RepoTests, more: Sequence[str], report: str, test_seconds: float) -> list[str]:
        argv = [*launcher("node"), as_url(INSIDE / "reporter.mjs")]
        paths = [*(suite.paths or ["."]), *more]
        return [*argv, report, f"{test_seconds:g}", json.dumps(paths), *_options(suite.args)]

    def steady(self, text: str) -> str:
        return DURATION.sub("", text)

    def canaries(self, file: str, wanted: Sequence[Canary], neighbour: str) -> tuple[bytes, list[str]]:
        """Loads what the neighbour loads of the repository: what that does to its process, a canary meets as well."""
        if file.endswith(".mjs") or (not file.endswith(".cjs") and ES_MODULE.search(neighbour)):
            lines = ["import assert from 'node:assert/strict';", "import test from 'node:test';"]
            load = "await import({}).catch(() => {{}});"
        else:
            lines = ["const assert = require('node:assert/strict');", "const test = require('node:test');"]
            load = "try {{ require({}); }} catch {{}}"
        lines += ["", *(load.format(json.dumps(path)) for path in own_imports(neighbour))]
        for canary in wanted:
            actual, expected = comparison(canary)
            check = f"  assert.deepEqual({actual}, {expected});"
            lines += ["", f"test({json.dumps(name_of(canary))}, () => {{", check, "});"]
        return "\n".join([*lines, ""]).encode(), [f"{file}::{name_of(canary)}" for canary in wanted]


def _options(arguments: Sequence[str]) -> list[str]:
    return [each for each in arguments if each.partition("=")[0] not in OWN_OPTIONS]
