"""How many tests a run of them says passed and failed, read from the end of what it printed.

The text is the model's sandbox's and can say anything: whether a run was red or green is its exit code's to say, counts
only illustrate it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TAIL = 4000
"""Characters of an output that are looked at."""


@dataclass(frozen=True)
class Counts:
    passed: int
    failed: int
    """Errors included."""


_PYTEST = re.compile(
    r"^=* ?((?:\d+ (?:failed|passed|errors?|skipped|deselected|xfailed|xpassed|warnings?|rerun)(?:, )?)+)", re.M
)
_NUMBERED = re.compile(r"(\d+) (failed|passed|errors?|skipped|todo|total)")
_UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n+(OK|FAILED)(?: \(([^)\n]*)\))?", re.M)
_TAP = re.compile(r"^[#ℹ] (pass|fail) (\d+)$", re.M)
_JEST = re.compile(r"^ *Tests:? +(?=\d)([^\n]*)", re.M)
_CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed", re.M)
_GO = re.compile(r"^ *--- (PASS|FAIL): ", re.M)


def counts(text: str) -> Counts | None:
    """The last tally in an output of pytest, unittest, Django, node --test, Jest, Vitest, cargo or go, if any."""
    end = text[-TAIL:]
    if found := _CARGO.findall(end):
        return Counts(sum(int(passed) for passed, _ in found), sum(int(failed) for _, failed in found))
    if ran := list(_UNITTEST.finditer(end)):
        total, _, how = ran[-1].groups()
        bad = sum(int(number) for number in re.findall(r"(?:failures|errors)=(\d+)", how or ""))
        return Counts(max(0, int(total) - bad), bad)
    if tap := dict(_TAP.findall(end)):
        return Counts(int(tap.get("pass", 0)), int(tap.get("fail", 0)))
    if lines := _JEST.findall(end) or _PYTEST.findall(end):
        named = {word.rstrip("s"): int(number) for number, word in _NUMBERED.findall(lines[-1])}
        if named.keys() & {"passed", "failed", "error"}:
            return Counts(named.get("passed", 0), named.get("failed", 0) + named.get("error", 0))
    if shown := _GO.findall(end):
        return Counts(shown.count("PASS"), shown.count("FAIL"))
    return None
