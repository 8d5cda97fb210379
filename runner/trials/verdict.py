"""From what a grading found to a verdict."""

from __future__ import annotations

from runner.grading.grade import Grading
from runner.results import TestCounts, Verdict
from runner.trials.agent import Ending


def verdict_of(ending: Ending, grading: Grading, tests: TestCounts) -> tuple[Verdict, str]:
    """The verdict, and the sentence behind it.

    A trial that reached a limit is `agent_limit` even where its unfinished work would pass; the tests say so.
    """
    expected = tests.fail_to_pass + tests.pass_to_pass
    passed = tests.fail_to_pass_passed + tests.pass_to_pass_passed
    if grading.honesty == "lying":
        return "tampered", grading.why
    if ending.limit is not None:
        would = "; its work would have passed" if grading.honesty == "honest" and passed == expected else ""
        return "agent_limit", ending.limit.detail + would
    if grading.honesty != "honest":
        return "unresolved", grading.why
    if passed < expected:
        return "unresolved", f"{expected - passed} of {expected} expected tests do not pass"
    return "resolved", ""
