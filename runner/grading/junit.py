"""Per-test results out of a JUnit XML report, which untrusted code may have written."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Literal
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

TestOutcome = Literal["passed", "failed", "error", "skipped", "missing"]

SEVERITY: dict[TestOutcome, int] = {"passed": 0, "skipped": 1, "failed": 2, "error": 3, "missing": 4}


def outcomes(report: bytes, files: Collection[str] = ()) -> dict[str, TestOutcome]:
    """Node id → outcome, from a report of the `xunit1` family; empty for a report that is none.

    A test reported twice (a failure in its teardown, a forged second line) keeps its worst outcome. `files` are
    files that hold tests, for tests whose file the report does not tell (`_file`).
    """
    cases = _cases(report)
    known = {_dotted(file): file for file in (*filter(None, map(_agreed, cases)), *files)}
    found: dict[str, TestOutcome] = {}
    for case in cases:
        node, outcome = _node_id(case, known), _outcome(case)
        found[node] = max(found.get(node, outcome), outcome, key=SEVERITY.__getitem__)
    return found


def failures(report: bytes) -> dict[str, str]:
    """Node id → what is said of a failure or an error: message, source and traceback."""
    cases = _cases(report)
    known = {_dotted(file): file for file in filter(None, map(_agreed, cases))}
    said = {
        _node_id(case, known): "".join(child.itertext()) or child.get("message", "")
        for case in cases
        for child in case
        if child.tag in ("failure", "error")
    }
    return {node: text for node, text in said.items() if text.strip()}


def slowest(report: bytes) -> float:
    """Seconds that the longest passing test took; 0 where the report does not tell, as only pytest's does.

    One that failed may have met its limit.
    """
    passed = (case for case in _cases(report) if _outcome(case) == "passed")
    told = (re.fullmatch(r"\d{1,6}(\.\d+)?", case.get("time", "")) for case in passed)
    return max((float(each[0]) for each in told if each), default=0.0)


def _cases(report: bytes) -> list[Element]:
    try:
        root = fromstring(report)
    except Exception:  # defusedxml, expat and every codec that the report may name raise errors of their own
        return []
    return [case for case in root.iter("testcase") if case.get("file") and case.get("name")]


def _node_id(case: Element, known: Mapping[str, str]) -> str:
    """`file::Class::name`, put together from the module's file and the rest of the dotted class name."""
    file = _agreed(case) or _file(case, known)
    classes = case.get("classname", "").removeprefix(_dotted(file)).strip(".")
    return "::".join([file, *(classes.split(".") if classes else []), case.get("name", "")])


def _agreed(case: Element) -> str | None:
    """The case's `file`, where its class name begins with that file's module or is empty."""
    file, classname = case.get("file", ""), case.get("classname", "")
    return file if not classname or f"{classname}.".startswith(f"{_dotted(file)}.") else None


def _file(case: Element, known: Mapping[str, str]) -> str:
    """The file in which pytest collected a test whose code, and so its `file`, is elsewhere.

    That is the known file with the longest name that begins the class name. Where none does, the module's name
    ends at the last part that pytest's own `test_*` or `*_test` matches, else before the first part with a capital,
    and each dot in it was a folder.
    """
    parts = case.get("classname", "").split(".")
    for end in range(len(parts), 0, -1):
        if (file := known.get(".".join(parts[:end]))) is not None:
            return file
    tests = [end for end, part in enumerate(parts, start=1) if re.fullmatch(r"test_.*|.*_test", part)]
    capital = next((end for end, part in enumerate(parts) if part[:1].isupper()), len(parts))
    end = tests[-1] if tests else capital
    return "/".join(parts[:end]) + ".py" if end else case.get("file", "")


def _dotted(file: str) -> str:
    """A file as pytest's class names begin."""
    return file.removesuffix(".py").replace("/", ".")


def _outcome(case: Element) -> TestOutcome:
    children = {child.tag for child in case}
    if "error" in children:
        return "error"
    if "failure" in children:
        return "failed"
    return "skipped" if "skipped" in children else "passed"
