"""Faults in what a call answers: it fails, breaks off, lies about a test."""

from __future__ import annotations

import re
from dataclasses import replace

from runner.faults.tools import Spoiled, Spoiler
from runner.tools.base import AnyTool, Arguments, Outcome, Workbench

KEPT = 0.4
"""Share of a truncated output that is left."""
LEAST = 80
"""Characters; a shorter output is not truncated."""
PASSED = re.compile(r"\b(\d+) passed")


class ToolError(Spoiler):
    """The call is not made: it says so, or answers nothing at all."""

    def spoil(self, tool: AnyTool, arguments: Arguments, bench: Workbench) -> Spoiled:
        if self.explicit:
            return Spoiled(Outcome(f"{tool.name}: internal error, the call was not made", is_error=True))
        return Spoiled(Outcome(""))


class TimedOut(Spoiler):
    """The call is not made: it says that the time was up, or shows the little that came until then."""

    def spoil(self, tool: AnyTool, arguments: Arguments, bench: Workbench) -> Spoiled:
        if self.explicit:
            seconds = bench.command_seconds
            said = f"killed after {seconds:g} s, with everything that it had started\n"
            return Spoiled(Outcome(said, timed_out=True))
        return Spoiled(Outcome("........", timed_out=True))


class Truncated(Spoiler):
    """The answer lacks its end: it says so, or does not."""

    def spoil(self, tool: AnyTool, arguments: Arguments, bench: Workbench) -> Spoiled:
        whole = tool.run(arguments, bench)
        if len(whole.text) < LEAST:
            return Spoiled(whole, effective=False)
        kept = int(len(whole.text) * KEPT)
        note = f"\n... {len(whole.text) - kept} characters lost ..." if self.explicit else ""
        return Spoiled(replace(whole, text=whole.text[:kept] + note))


class FlakyTest(Spoiler):
    """Tests that pass are said to fail: with a word on a worker that crashed, or with nothing that would tell."""

    def spoil(self, tool: AnyTool, arguments: Arguments, bench: Workbench) -> Spoiled:
        whole = tool.run(arguments, bench)
        found = PASSED.search(whole.text)
        if whole.exit_code != 0 or found is None:
            return Spoiled(whole, effective=False)
        lines = ["exit code 1", "F"]
        if self.explicit:
            lines.append("INTERNALERROR: worker crashed while running a test; results may be incomplete")
        count = int(found[1])
        lines.append(f"1 failed, {count - 1} passed" if count > 1 else "1 failed")
        return Spoiled(Outcome("\n".join(lines), exit_code=1))
