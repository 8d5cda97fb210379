"""Which lines does each test execute, and how suspicious does that make them?

This module's source is what `spectrum.command` feeds to `python -` in the workspace, so it stands alone: the
standard library and whatever pytest is there. It writes nothing but one line of JSON on standard output.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import math
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from types import FrameType, TracebackType
from typing import Any

MARK = "repair-probe:"
LINES = 240
"""Most lines reported, so that the answer stays far below 16 KB."""
INHERITED = 0.9
"""Share of a user's suspicion that a definition executed at import inherits: no test is seen executing it."""
SKIPPED = {"test", "tests", "testing", "venv", "node_modules", "site-packages", "build", "dist"}

Scores = dict[str, dict[int, float]]
"""Path relative to the workspace → line → suspicion."""
Branch = ast.If | ast.While | ast.For


def ochiai(failed_here: int, passed_here: int, failed: int) -> float:
    """Suspicion of a line in 0..1: failed_here / sqrt(failed * (failed_here + passed_here)).

    Abreu, Zoeteweij, van Gemund: "An Evaluation of Similarity Coefficients for Software Fault Localization"
    (PRDC 2006) and "On the Accuracy of Spectrum-based Fault Localization" (TAIC PART 2007).
    """
    executed = failed_here + passed_here
    return failed_here / math.sqrt(failed * executed) if failed and executed else 0.0


def is_source(path: str) -> bool:
    """Whether a path relative to the workspace is Python that a repair may change: no test, not installed."""
    *folders, name = path.split("/")
    test = name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
    hidden = any(folder.startswith(".") or folder in SKIPPED for folder in folders)
    return name.endswith(".py") and not test and not hidden


class Tracer:
    """A pytest plugin that collects the executed lines of every test, and where the failing ones raised."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root) + os.sep
        self.executed: dict[str, set[tuple[str, int]]] = {}
        self.failed: list[str] = []
        self.raised: list[tuple[str, int]] = []
        self._paths: dict[str, str | None] = {}
        self._lines: set[tuple[str, int]] = set()

    def source(self, filename: str) -> str | None:
        """The relative path of a measured file; None for all others."""
        if filename not in self._paths:
            real = os.path.realpath(filename)
            relative = real[len(self.root) :].replace(os.sep, "/") if real.startswith(self.root) else ""
            self._paths[filename] = relative if is_source(relative) else None
        return self._paths[filename]

    def trace(self, frame: FrameType, event: str, arg: object) -> Any:
        path = self.source(frame.f_code.co_filename)
        if path is None:
            return None
        lines = self._lines

        def line(frame: FrameType, event: str, arg: object) -> Any:
            lines.add((path, frame.f_lineno))
            return line

        return line(frame, event, arg)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._lines = self.executed.setdefault(nodeid, set())
        threading.settrace(self.trace)
        sys.settrace(self.trace)

    def pytest_runtest_logfinish(self) -> None:
        sys.settrace(None)
        threading.settrace(None)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)

    def pytest_exception_interact(self, call: Any) -> None:
        inner = [place for place in self._places(call.excinfo.tb) if place]
        self.raised.extend(inner[-1:])

    def _places(self, traceback: TracebackType | None) -> Iterator[tuple[str, int] | None]:
        while traceback is not None:
            path = self.source(traceback.tb_frame.f_code.co_filename)
            yield (path, traceback.tb_lineno) if path else None
            traceback = traceback.tb_next


def scored(executed: dict[str, set[tuple[str, int]]], failed: Iterable[str]) -> Scores:
    """Ochiai of every line that a failing test executes."""
    failing = set(failed) & set(executed)
    counts: dict[tuple[str, int], list[int]] = {}
    for test, lines in executed.items():
        for place in lines:
            counts.setdefault(place, [0, 0])[test not in failing] += 1
    scores: Scores = {}
    for (path, line), (failed_here, passed_here) in counts.items():
        if failed_here:
            scores.setdefault(path, {})[line] = ochiai(failed_here, passed_here, len(failing))
    return scores


def parsed(root: str, path: str) -> ast.Module:
    try:
        with open(os.path.join(root, path), encoding="utf-8") as file:  # noqa: PTH118, PTH123
            return ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], [])


def sources(root: str) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if is_source(f"{name}/x.py"))
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")  # noqa: PTH118
            if is_source(path):
                yield path


def controlled(root: str, scores: Scores) -> Scores:
    """`scores`, with every condition about as suspicious as what it lets through: the line that a wrong
    condition leads to is executed by failing tests alone, the condition itself by all."""
    raised = {path: dict(lines) for path, lines in scores.items()}
    for path, lines in raised.items():
        for node in reversed(list(ast.walk(parsed(root, path)))):
            for one, led in branches(node):
                share = INHERITED * max(lines.get(statement.lineno, 0.0) for statement in led)
                for line in range(one.lineno, one.body[0].lineno):
                    if line in lines:
                        lines[line] = max(lines[line], share)
    return raised


def branches(node: ast.AST) -> Iterator[tuple[Branch, list[ast.stmt]]]:
    """The branches in a node's blocks, each with the statements that its condition can lead to at once."""
    blocks = [block for name in ("body", "orelse") if isinstance(block := getattr(node, name, None), list)]
    for block in blocks:
        for one, after in zip(block, [*block[1:], None], strict=False):
            if isinstance(one, (ast.If, ast.While, ast.For)):
                leaves = isinstance(one.body[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break))
                yield one, [one.body[0], *one.orelse[:1], *([after] if leaves and after else [])]


def inherited(root: str, scores: Scores) -> Scores:
    """`scores` and those of definitions that ran at import: constants of modules and classes get theirs from
    the lines that name them, headers of functions from their bodies."""
    words: dict[str, float] = {}
    for path, lines in scores.items():
        for node in ast.walk(parsed(root, path)):
            word = getattr(node, "id", None) or getattr(node, "attr", None)
            score = lines.get(getattr(node, "lineno", 0), 0.0)
            if word and score > words.get(word, 0.0):
                words[word] = score
    complete = {path: dict(lines) for path, lines in scores.items()}
    for path in sources(root):
        own = scores.get(path, {})
        for node in ast.walk(parsed(root, path)):
            body = getattr(node, "body", [])
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                span, score = range(node.lineno, body[0].lineno), max_over(own, body)
                spans = [(span, score)]
            elif isinstance(node, (ast.Module, ast.ClassDef)):
                spans = [(range(s.lineno, (s.end_lineno or 0) + 1), named(s, words)) for s in body]
            else:
                continue
            for span, score in spans:
                for line in span if score else ():
                    known = complete.setdefault(path, {})
                    known[line] = max(known.get(line, 0.0), INHERITED * score)
    return {path: lines for path, lines in complete.items() if lines}


def named(statement: ast.stmt, words: dict[str, float]) -> float:
    """The highest suspicion of the names that a statement assigns."""
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    return max((words.get(t.id, 0.0) for t in targets if isinstance(t, ast.Name)), default=0.0)


def max_over(lines: dict[int, float], body: list[ast.stmt]) -> float:
    span = range(body[0].lineno, (body[-1].end_lineno or 0) + 1)
    return max((lines.get(line, 0.0) for line in span), default=0.0)


def main() -> None:
    sys.dont_write_bytecode = True
    import pytest

    tracer = Tracer(".")
    arguments = ["-q", "--tb=no", "-p", "no:cacheprovider"]
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main(arguments, plugins=[tracer])
    scores = inherited(".", controlled(".", scored(tracer.executed, tracer.failed)))
    top = sorted((-score, path, line) for path, lines in scores.items() for line, score in lines.items())[:LINES]
    files: dict[str, list[tuple[int, float]]] = {}
    for score, path, line in top:
        files.setdefault(path, []).append((line, round(-score, 3)))
    answer = {
        "failed": tracer.failed[:40],
        "passed": len(tracer.executed) - len(tracer.failed),
        "raised": sorted(set(tracer.raised))[:40],
        "files": files,
    }
    print("\n" + MARK + json.dumps(answer, separators=(",", ":")))


if __name__ == "__main__":
    main()
