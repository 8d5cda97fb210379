"""Vitest 1 or later, in the project's own node_modules; TypeScript as it comes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from runner.frameworks.base import Canary
from runner.frameworks.javascript import own_imports
from runner.frameworks.jest import Jest, written

DURATION = re.compile(r"(?<= )\d+(?:\.\d+)?m?s\b|^ *(?:Start at|Duration) .*$", re.MULTILINE)


class Vitest(Jest):
    """`args` in repo.toml are options of Vitest; `paths` are files and folders."""

    tool = "vitest"
    reporter = "vitest_reporter.mjs"
    run: tuple[str, ...] = ("run",)
    options: tuple[str, ...] = ()

    def steady(self, text: str) -> str:
        return DURATION.sub("", text)

    def canaries(self, file: str, wanted: Sequence[Canary], neighbour: str) -> tuple[bytes, list[str]]:
        loads = [f"await import({json.dumps(path)}).catch(() => {{}});" for path in own_imports(neighbour)]
        return written(file, ["import { expect, test } from 'vitest';", *loads], wanted)

    def _path(self, path: str) -> str:
        return path
