"""Inside a sandbox that grades: one run of a Rust test program, or of documented examples, followed as it goes.

The text of `supervised.py` goes before this one's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from runner.frameworks.inside.supervised import SEVERITY

OUTCOMES = {"ok": "passed", "failed": "failure", "timeout": "error", "ignored": "skipped"}
LIBTEST = ("--format=json", "-Zunstable-options")
"""Has a program report as `Listener` hears."""
FAILED = 101
"""libtest's exit status where a test failed."""


@dataclass
class Listener:
    """Follows one run of a test program."""

    count: int | None = None
    """How many tests it said that it would run."""
    outcomes: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    loose: list[str] = field(default_factory=list)
    end: str = ""

    def hear(self, line: str) -> bool:
        """Take a line in; whether the run got on."""
        try:
            event = json.loads(line)
            kind, what, name = event["type"], event["event"], str(event.get("name"))
        except (ValueError, KeyError, TypeError):
            self.loose = [*self.loose[-200:], line]
            return False
        if kind == "suite":
            self.end = what
            self.count = event.get("test_count", self.count)
        elif kind == "test" and what in OUTCOMES:
            self.outcomes[name] = max(OUTCOMES[what], self.outcomes.get(name, "passed"), key=SEVERITY.index)
            self.said[name] = str(event.get("stdout") or event.get("reason") or event.get("message") or "")
        return True

    def ended(self, status: int | None) -> bool:
        """Whether it ended as libtest ends a run in which every test had a result."""
        failed = any(outcome in ("failure", "error") for outcome in self.outcomes.values())
        whole = self.count == len(self.outcomes)
        return whole and (status, self.end, failed) in ((0, "ok", False), (FAILED, "failed", True))

    def text(self, name: str) -> str:
        """What a test said."""
        return self.said.get(name) or "\n".join(self.loose)
