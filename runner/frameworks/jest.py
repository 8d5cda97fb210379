"""Jest 27 or later, in the project's own node_modules."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from runner.frameworks.base import Canary
from runner.frameworks.javascript import (
    ES_MODULE,
    INSIDE,
    JavaScriptFramework,
    comparison,
    exactly,
    launcher,
    name_of,
    own_imports,
    split,
)
from runner.scenarios.repo import RepoTests

OWN_OPTIONS = re.compile(
    r"(-i|--(runInBand|detectOpenHandles|watch|watchAll|json|ci|coverage|maxWorkers|pool|reporters?|outputFile)\b.*)$"
)
"""Options that grading has its own way for."""
DURATION = re.compile(r" \(\d+(?:\.\d+)? m?s\)|^Time: +\d.*$|(?<=, estimated )\d+ s", re.MULTILINE)


class Jest(JavaScriptFramework):
    """`args` in repo.toml are options of Jest; `paths` are files and folders.

    Product code runs in Jest's workers, the reporter in its main process (`inside/whole.py`).
    """

    tool = "jest"
    reporter = "jest_reporter.mjs"
    run: tuple[str, ...] = ()
    options: tuple[str, ...] = ("--ci",)

    def shown(self, suite: RepoTests, tests: Sequence[str]) -> list[str]:
        """Names are a pattern for all of the files: a test of the same name elsewhere among them runs as well."""
        chosen = [split(test) for test in tests]
        names = [" ".join(names) for _, names in chosen if names]
        only = ["-t", "|".join(map(exactly, dict.fromkeys(names)))] if names and len(names) == len(chosen) else []
        files = list(dict.fromkeys(file for file, _ in chosen)) or list(suite.paths)
        return [f"node_modules/.bin/{self.tool}", *self.run, *map(self._path, files), *suite.args, *self.options, *only]

    def graded(self, suite: RepoTests, more: Sequence[str], report: str, test_seconds: float) -> list[str]:
        texts = [(INSIDE / name).read_text(encoding="utf-8") for name in ("channel.mjs", self.reporter)]
        chosen = [self._path(path) for path in (*suite.paths, *more)] if suite.paths else []
        argv = [*launcher("whole"), self.tool, *texts, report, f"{test_seconds:g}", json.dumps(chosen)]
        return [*argv, *(each for each in suite.args if not OWN_OPTIONS.match(each))]

    def steady(self, text: str) -> str:
        return DURATION.sub("", text)

    def canaries(self, file: str, wanted: Sequence[Canary], neighbour: str) -> tuple[bytes, list[str]]:
        """Loads what the neighbour loads of the repository: what that does to its process, a canary meets as well."""
        paths = [json.dumps(path) for path in own_imports(neighbour)]
        if ES_MODULE.search(neighbour):
            lines = [f"beforeAll(() => import({path}).catch(() => {{}}));" for path in paths]
        else:
            lines = [f"try {{ require({path}); }} catch {{}}" for path in paths]
        return written(file, lines, wanted)

    def _path(self, path: str) -> str:
        """Jest takes paths for regular expressions."""
        return re.sub(r"([\\^$.*+?()\[\]{}|])", r"\\\1", path)


def written(file: str, lines: list[str], wanted: Sequence[Canary]) -> tuple[bytes, list[str]]:
    """A file of canaries that begins with `lines`, and their ids."""
    for canary in wanted:
        actual, expected = comparison(canary)
        check = f"  expect({actual}).toEqual({expected});"
        lines = [*lines, "", f"test({json.dumps(name_of(canary))}, () => {{", check, "});"]
    return "\n".join([*lines, ""]).encode(), [f"{file}::{name_of(canary)}" for canary in wanted]
