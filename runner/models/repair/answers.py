"""What tools answered, read without trust: every function here takes any text and raises nothing."""

from __future__ import annotations

import re

EXIT = re.compile(r"\s*exit code (-?\d+)")
SUMMARY = re.compile(r"^(?:FAILED|ERROR) (\S+?\.py\b.*)$", re.MULTILINE)
FRAME = re.compile(r"^(\S+\.py):(\d+): ", re.MULTILINE)
NUMBERED = re.compile(r"\s*(\d+)\t(.*)")
EXTENT = re.compile(r"\(lines \d+-\d+ of (\d+)\)\s*\Z")


def exit_code(text: str) -> int | None:
    """The exit code that a run's answer begins with; None when it begins otherwise."""
    found = EXIT.match(text)
    return int(found[1]) if found else None


def green(text: str) -> bool:
    """Whether a run of tests passed: exit code 0 and at least one test that says so."""
    return exit_code(text) == 0 and re.search(r"\b[1-9]\d* passed\b", text) is not None


def failing(text: str) -> tuple[str, ...]:
    """The test ids of the short summary's FAILED and ERROR lines, in order, without repeats."""
    ids = (_test_id(line) for line in SUMMARY.findall(text))
    return tuple(dict.fromkeys(ids))


def _test_id(summary: str) -> str:
    """The id before " - message", where brackets of a parameter may themselves hold " - "."""
    opened = summary.find("[")
    dash = summary.find(" - ")
    if 0 <= opened < dash:
        closed = summary.find("] - ", opened)
        if closed >= 0:
            return summary[: closed + 1]
        return summary if summary.endswith("]") else summary[:dash]
    return summary[:dash] if dash >= 0 else summary


def frames(text: str) -> list[tuple[str, int]]:
    """The files and lines that pytest's short tracebacks name; none outside the workspace."""
    return [(path, int(line)) for path, line in FRAME.findall(text) if not path.startswith(("/", "../"))]


def numbered(text: str) -> dict[int, str]:
    """The lines of a file as `read_file` numbers them."""
    found = (NUMBERED.fullmatch(line) for line in text.split("\n"))
    return {int(match[1]): match[2] for match in found if match}


def extent(text: str) -> int | None:
    """How many lines the file has that `read_file` showed a part of."""
    found = EXTENT.search(text)
    return int(found[1]) if found else None
