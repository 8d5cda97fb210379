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
pass-to-pass-broken          a named pass_to_pass test does not pass both before and after
flaky                        an outcome differs between repeats
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from runner.baseline import both_sides, judge
from runner.catalog import ScenarioFolder
from runner.controls import function_of
from runner.errors import ScenarioInvalid
from runner.messages import Frozen
from runner.workspace import prepare
from sandboxes.client import Engine
from sandboxes.images import ImageStore


class Finding(Frozen):
    """What came out for one scenario."""

    scenario: str
    code: str
    problem: str = ""
    fail_to_pass: int = 0
    pass_to_pass: int = 0
    with_foil: int = 0
    """Fail-to-pass tests of which a copy that expects something else was proved to fail (`runner.controls`)."""
    visible_suite: Literal["passes", "fails", "unknown"] = "unknown"
    """The repository's own tests on the base: what a model can see."""

    @property
    def ok(self) -> bool:
        return self.code == "ok"

    @property
    def line(self) -> str:
        if not self.ok:
            return f"{self.scenario}: {self.problem}"
        return (
            f"{self.scenario}: {self.fail_to_pass} fail to pass ({self.with_foil} with a foil), "
            f"{self.pass_to_pass} pass to pass, "
            f"visible suite {self.visible_suite} at the base"
        )


def validate_all(
    scenarios: Sequence[ScenarioFolder],
    engine: Engine,
    *,
    repeats: int,
    concurrency: int,
    say: Callable[[str], None],
    tell: Callable[[Finding], None],
) -> list[Finding]:
    """Prove each scenario; `tell` hears each finding as soon as it is there."""
    images = ImageStore(engine, say)

    def one(found: ScenarioFolder) -> Finding:
        finding = _validate(found, images, repeats)
        tell(finding)
        return finding

    with ThreadPoolExecutor(concurrency) as pool:
        return list(pool.map(one, scenarios))


def _validate(found: ScenarioFolder, images: ImageStore, repeats: int) -> Finding:
    try:
        workspace = prepare(found, images)
        before, after = both_sides(images.engine, workspace, repeats)
        known = judge(workspace, before, after)
    except ScenarioInvalid as error:
        return Finding(scenario=found.id, code=error.code, problem=error.problem)
    visible = [outcome for node, outcome in before[0].outcomes.items() if node.split("::")[0] in workspace.pristine]
    return Finding(
        scenario=found.id,
        code="ok",
        fail_to_pass=len(found.scenario.tests.fail_to_pass),
        pass_to_pass=len(known.pass_to_pass),
        with_foil=sum(bool(known.foils.get(function_of(node))) for node in found.scenario.tests.fail_to_pass),
        visible_suite="fails" if any(outcome in ("failed", "error") for outcome in visible) else "passes",
    )
