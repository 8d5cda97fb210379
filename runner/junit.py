"""Per-test results out of a JUnit XML report, which untrusted code may have written."""

from __future__ import annotations

from typing import Literal
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

TestOutcome = Literal["passed", "failed", "error", "skipped", "missing"]

_SEVERITY: dict[TestOutcome, int] = {"passed": 0, "skipped": 1, "failed": 2, "error": 3, "missing": 4}


def outcomes(report: bytes) -> dict[str, TestOutcome]:
    """Node id → outcome, from a report of the `xunit1` family; empty for a report that is none.

    A test reported twice (a failure in its teardown, a forged second line) keeps its worst outcome.
    """
    try:
        root = fromstring(report)
    except (ParseError, DefusedXmlException, ValueError):
        return {}
    found: dict[str, TestOutcome] = {}
    for case in root.iter("testcase"):
        if (node := _node_id(case)) is not None:
            outcome = _outcome(case)
            found[node] = max(found.get(node, outcome), outcome, key=_SEVERITY.__getitem__)
    return found


def _node_id(case: Element) -> str | None:
    """`file::Class::name`, put together from the module's file and the rest of the dotted class name."""
    file, name = case.get("file"), case.get("name")
    if not file or not name:
        return None
    module = file.removesuffix(".py").replace("/", ".")
    classes = case.get("classname", "").removeprefix(module).strip(".")
    return "::".join([file, *(classes.split(".") if classes else []), name])


def _outcome(case: Element) -> TestOutcome:
    children = {child.tag for child in case}
    if "error" in children:
        return "error"
    if "failure" in children:
        return "failed"
    return "skipped" if "skipped" in children else "passed"
