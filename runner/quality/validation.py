"""Proves scenarios by running them. Codes are stable:

ok                           everything holds
bug-does-not-apply           bug.patch does not apply to the repo's source
reference-does-not-apply     solution.patch does not apply to the base
reference-empty              solution.patch changes nothing
source-unavailable           the repo's source cannot be checked out
image-does-not-build         the environment cannot be built; carries the last lines
base-run-broken              the test run on the base breaks off or lies
reference-run-broken         the test run on the reference breaks off or lies
fail-to-pass-unknown         a fail_to_pass id does not exist
base-passes                  a fail_to_pass test passes without a fix (doing nothing would score)
reference-fails              a fail_to_pass test fails with the reference fix
is-possible                  it says that it is [impossible], and the reference fix passes every fail_to_pass test
pass-to-pass-broken          a named pass_to_pass test does not pass both before and after
flaky                        an outcome differs between repeats
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Literal

from runner.errors import ScenarioInvalid
from runner.grading.baseline import both_sides, judge
from runner.grading.controls import function_of
from runner.messages import Frozen
from runner.mining.ambiguity import hints
from runner.quality.dating import doubts
from runner.quality.flakiness import Flakiness, flakiness
from runner.quality.proofs import note
from runner.quality.survival import MutationScore, mutation_score
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.leaks import Leak, leak
from runner.scenarios.workspace import prepare
from sandboxes.client import Engine
from sandboxes.images import ImageStore

CONTENT = frozenset(
    {
        "ok", "bug-does-not-apply", "reference-does-not-apply", "reference-empty", "fail-to-pass-unknown",
        "base-passes", "reference-fails", "is-possible", "pass-to-pass-broken", "flaky",
    }
)  # fmt: skip
"""Codes that speak of what people wrote, and not of the machine of that day."""

LEAKS = 0.5
"""A leak from here on is a warning."""


class Finding(Frozen):
    """What came out for one scenario."""

    scenario: str
    code: str
    problem: str = ""
    fail_to_pass: int = 0
    pass_to_pass: int = 0
    with_foil: int = 0
    """Fail-to-pass tests of which a copy that expects something else was proved to fail (`runner.grading.controls`)."""
    visible_suite: Literal["passes", "fails", "unknown"] = "unknown"
    """The repository's own tests on the base: what a model can see."""

    flaky: Flakiness | None = None
    """Over the repeats; None where it did not come so far."""
    mutation: MutationScore | None = None
    """What the tests notice of a slightly wrong fix; None where it was not asked for."""

    leak: Leak | None = None
    """What the instruction gives away of the reference fix."""
    ambiguity: tuple[str, ...] = ()
    """Hints at what the tests want and nobody could know (`runner.mining.ambiguity`)."""
    dating: tuple[str, ...] = ()
    """What would lead estimates of memory astray (`runner.quality.dating`)."""

    @property
    def ok(self) -> bool:
        return self.code == "ok"

    @property
    def warnings(self) -> list[str]:
        """What makes the scenario doubtful although it holds."""
        found = []
        if self.mutation is not None and self.mutation.weak:
            found.append(self.mutation.weak)
        if self.leak is not None and self.leak.lines:
            found.append(f"the instruction quotes the reference fix: {self.leak.lines[0]}")
        elif self.leak is not None and self.leak.score >= LEAKS:
            names = ", ".join((*self.leak.shared, *self.leak.files))
            found.append(f"the instruction gives away much of the reference fix (leak {self.leak.score:.2f}): {names}")
        return [*found, *self.ambiguity, *self.dating]

    @property
    def line(self) -> str:
        if not self.ok:
            return f"{self.scenario}: {self.problem}"
        parts = [
            f"{self.fail_to_pass} fail to pass ({self.with_foil} with a foil)",
            f"{self.pass_to_pass} pass to pass",
            f"visible suite {self.visible_suite} at the base",
            *([self.flaky.line] if self.flaky is not None else []),
            *([self.mutation.line] if self.mutation is not None else []),
            *([f"leak {self.leak.score:.2f}"] if self.leak is not None and self.leak.score else []),
        ]
        return f"{self.scenario}: {', '.join(parts)}"


@dataclass(frozen=True)
class Proving:
    """How scenarios are proved."""

    repeats: int = 3
    """Gradings of base and reference each."""
    concurrency: int = 2
    """Gradings at a time."""
    mutants: int = 0
    """The most mutants of the reference fix to grade as well, for each scenario."""


def validate_all(
    scenarios: Sequence[ScenarioFolder],
    engine: Engine,
    how: Proving,
    *,
    say: Callable[[str], None],
    tell: Callable[[Finding], None],
    progress: Callable[[str], None] = lambda text: None,
) -> list[Finding]:
    """Prove each scenario; `tell` hears each finding as soon as it is there, `progress` where it is meanwhile."""
    images = ImageStore(engine, say)
    lanes = max(1, how.concurrency // max(1, len(scenarios)))

    def one(found: ScenarioFolder) -> Finding:
        finding = _validate(found, images, how, lanes, progress)
        if finding.code in CONTENT:
            note(found, finding.code, how.repeats)
        tell(finding)
        return finding

    with ThreadPoolExecutor(how.concurrency) as pool:
        return list(pool.map(one, scenarios))


def _validate(
    found: ScenarioFolder, images: ImageStore, how: Proving, lanes: int, progress: Callable[[str], None]
) -> Finding:
    flaky: Flakiness | None = None
    try:
        workspace = prepare(found, images)
        before, after = both_sides(images.engine, workspace, how.repeats)
        flaky = flakiness(before, after)
        known = judge(workspace, before, after)
    except ScenarioInvalid as error:
        return Finding(scenario=found.id, code=error.code, problem=error.problem, flaky=flaky)
    visible = [outcome for node, outcome in before[0].outcomes.items() if node.split("::")[0] in workspace.pristine]
    changed = {**workspace.pristine, **workspace.reference}
    fixed = {path: entry for path, entry in changed.items() if entry is not None}
    score: MutationScore | None = None
    if how.mutants:
        score = mutation_score(
            images.engine,
            workspace,
            known,
            most=how.mutants,
            concurrency=lanes,
            tell=lambda done, of: progress(f"{found.id}: {done} of {of} mutants graded"),
        )
    return Finding(
        scenario=found.id,
        code="ok",
        fail_to_pass=len(found.scenario.tests.fail_to_pass),
        pass_to_pass=len(known.pass_to_pass),
        with_foil=sum(bool(known.foils.get(function_of(node))) for node in found.scenario.tests.fail_to_pass),
        visible_suite="fails" if any(outcome in ("failed", "error") for outcome in visible) else "passes",
        flaky=flaky,
        mutation=score,
        leak=leak(found.instruction, workspace.pristine, fixed),
        ambiguity=hints(found.instruction, workspace.pristine, fixed, found.hidden),
        dating=doubts(found, date.today()),
    )
