"""Node's own test runner (`node --test`), versions 18 to 24, CommonJS and ES modules.

A test's id is `file::name`, the names of its groups before it: `test/money.test.js::rounding > half a cent`. Each file
runs in a process of its own (`inside/node.py`, `inside/reporter.mjs`). Where a process breaks off, hangs or exits, the
tests of its file that had ended keep their outcomes, unless they belong to a group that had not.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Sequence

from runner.frameworks import javascript
from runner.repo import RepoTests

_draw = secrets.SystemRandom()
DURATIONS = re.compile(r" \(\d+(?:\.\d+)?ms\)|(?<=duration_ms )\d+(?:\.\d+)?")
OWN_OPTIONS = ("--test", "--test-reporter", "--test-reporter-destination", "--test-force-exit", "--test-concurrency")
"""Options of `node --test` that its grading has its own way for."""


class Node:
    """See `runner.frameworks.base.Framework`."""

    language = "JavaScript"
    test_files = javascript.TEST_FILES
    harness_files = javascript.HARNESS_FILES
    never_taken = javascript.NEVER_TAKEN

    def shown(self, suite: RepoTests, tests: Sequence[str]) -> list[str]:
        """Names are patterns for all of the files: a test of the same name elsewhere among them runs as well."""
        chosen = [javascript.split(test) for test in tests]
        patterns = dict.fromkeys(javascript.exactly(name) for _, names in chosen for name in names)
        if any(not names for _, names in chosen):
            patterns = {}
        files = list(dict.fromkeys(file for file, _ in chosen)) or list(suite.paths)
        named = [f"--test-name-pattern={pattern}" for pattern in patterns]
        return ["node", "--test", "--test-reporter=spec", *_options(suite.args), *named, *files]

    def graded(self, suite: RepoTests, more: Sequence[str], report: str, test_seconds: float) -> list[str]:
        launcher = (javascript.INSIDE / "node.py").read_text(encoding="utf-8")
        reporter = base64.b64encode((javascript.INSIDE / "reporter.mjs").read_bytes()).decode()
        paths = [*(suite.paths or ["."]), *more]
        url = f"data:text/javascript;base64,{reporter}"
        return ["python", "-c", launcher, url, report, f"{test_seconds:g}", json.dumps(paths), *_options(suite.args)]

    def steady(self, text: str) -> str:
        return DURATIONS.sub("", text)

    def canary(self, name: str, word: str, *, fails: bool) -> bytes:
        """Neither `import` nor `require` at the top: the same text does in a CommonJS and in an ES module."""
        actual, expected = javascript.check(word, fails=fails, draw=_draw)
        lines = [
            "Promise.all([import('node:test'), import('node:assert/strict')]).then(([{ test }, { default: assert }]) => {",
            f"  test({json.dumps(name)}, () => {{",
            f"    assert.deepEqual({actual}, {expected});",
            "  });",
            "});",
        ]
        return "\n".join([*lines, ""]).encode()


def _options(arguments: Sequence[str]) -> list[str]:
    return [each for each in arguments if each.partition("=")[0] not in OWN_OPTIONS]
