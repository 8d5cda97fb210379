"""Which tests decide a proposal: found by running its base and its reference once, before anything is known of them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from runner.errors import Rejected
from runner.grading.baseline import is_unbuilt
from runner.grading.grade import Grading
from runner.grading.junit import TestOutcome
from runner.messages import shorten
from sandboxes.archive import Tree

NO_NETWORK = re.compile(
    r"Name or service not known|Temporary failure in name resolution|[Nn]etwork is unreachable|getaddrinfo|EAI_AGAIN|"
    r"ENOTFOUND|ENETUNREACH|Max retries exceeded|Could not resolve host|no such host|ConnectError"
)
HUNG = "(killed after "


@dataclass(frozen=True)
class Deciding:
    """What was found."""

    fail_to_pass: tuple[str, ...]
    notes: tuple[str, ...] = ()


def deciding(
    before: Grading, after: Grading, hidden: Tree, fixed: Collection[str], claimed: Collection[str], together: bool
) -> Deciding:
    """The tests that pass with the reference fix alone. Raises Rejected when there are none, with the reason.

    Tests in files that the fix itself changes (`fixed`: inline tests, doctests) decide nothing, for nobody but the
    reference has them. Of `claimed` ids, those that hold are taken, and a note says what became of the others; where
    none holds, what running found is taken. `together` is the framework's `built_together`.
    """
    for which, grading in (("fix", after), ("base", before)):
        if grading.honesty != "honest" and not (which == "base" and is_unbuilt(grading, together)):
            raise _broken(which, grading)
    passing = {node for node, outcome in after.outcomes.items() if outcome == "passed"}
    ours = {node for node in passing if node.split("::")[0] in hidden or node.split("::")[0] not in fixed}
    found = {node for node in ours if before.outcomes.get(node) != "passed"}
    if not found:
        raise _nothing_decides(before, after, hidden)
    if not claimed:
        return Deciding(tuple(sorted(found)))
    holding = found.intersection(claimed)
    if not holding:
        note = f"none of the {len(claimed)} ids of its source goes from fail to pass; these were found by running"
        return Deciding(tuple(sorted(found)), (note,))
    others = sorted(set(claimed) - holding)
    note = f"{len(others)} of {len(claimed)} ids of its source do not go from fail to pass: {', '.join(others[:3])}"
    return Deciding(tuple(sorted(holding)), (note,) if others else ())


def _broken(which: str, grading: Grading) -> Rejected:
    tail = shorten(grading.output.strip()[-600:], 600)
    if HUNG in grading.output[-200:]:
        return Rejected("tests-hang", f"the test run with the {which} was ended at its time limit: {tail}")
    return Rejected("tests-do-not-run", f"the test run with the {which} breaks off ({grading.why}): {tail}")


def _nothing_decides(before: Grading, after: Grading, hidden: Tree) -> Rejected:
    """Why no test goes from fail to pass."""
    failing = _of(after.outcomes, hidden, {"failed", "error"})
    texts = {node: after.failures.get(node, "") for node in failing}
    offline = [node for node, text in texts.items() if NO_NETWORK.search(text)]
    if offline:
        first = offline[0]
        return Rejected("needs-network", f"with the fix, {first} fails for want of a network: {_last(texts[first])}")
    if failing:
        first = failing[0]
        return Rejected("reference-fails", f"with the fix, {first} fails: {_last(texts[first])}")
    if _of(after.outcomes, hidden, {"passed"}):
        return Rejected("base-passes", "every test that the fix came with passes without the fix as well")
    if _of(after.outcomes, hidden, {"skipped"}):
        return Rejected("tests-do-not-run", "every test that the fix came with is skipped here")
    files = ", ".join(sorted(hidden)[:3])
    return Rejected("tests-do-not-run", f"no test of {files} is run: {shorten(after.output[-300:], 300)}")


def _of(outcomes: dict[str, TestOutcome], hidden: Tree, wanted: Collection[TestOutcome]) -> list[str]:
    return sorted(node for node, outcome in outcomes.items() if node.split("::")[0] in hidden and outcome in wanted)


def _last(text: str) -> str:
    """The line that says what went wrong."""
    lines = [line.strip() for line in text.strip().splitlines()]
    telling = [line.removeprefix("E ").strip() for line in lines if line.startswith("E ")]
    return shorten((telling or lines or ["no reason is told"])[0 if telling else -1], 300)
