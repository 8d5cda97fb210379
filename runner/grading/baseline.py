"""What a scenario's tests do before and after the reference fix: the ids that a fix must pass, proved by running."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from runner.caching import cache_folder
from runner.errors import ScenarioInvalid
from runner.grading.acceptance import Changes
from runner.grading.controls import Foils
from runner.grading.grade import LIMITS, Grading, grade
from runner.messages import shorten
from runner.scenarios.workspace import Workspace
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox

VERSION = 5
"""Part of the cache's key: raised whenever grading changes in a way that could change a baseline."""
TRIES = 2
"""Of the reference with all foils, before it is graded without: a busy machine may have kept it from its end."""


@dataclass(frozen=True)
class Baseline:
    """What was proved of a scenario; its fail_to_pass goes from failing to passing when this exists."""

    pass_to_pass: frozenset[str]
    """The tests that must keep passing."""
    foils: Mapping[str, Sequence[int]]
    """The copies of fail-to-pass tests that gradings may use, see `runner.grading.controls.Foils`."""
    in_time: bool = True
    """False where time was up for the foils: it serves now, and whoever asks next proves anew."""


def baseline(engine: Engine, workspace: Workspace, *, run: str = "", runtime: str | None = None) -> Baseline:
    """From the cache, or by grading the base and the reference once each. Raises ScenarioInvalid."""
    file = _cache_file(workspace, runtime)
    try:
        known = json.loads(file.read_text())
        return Baseline(frozenset(known["pass_to_pass"]), known["foils"])
    except (OSError, ValueError, KeyError):
        pass
    result = judge(workspace, *both_sides(engine, workspace, 1, run=run, runtime=runtime))
    keep(workspace, result, runtime)
    return result


def keep(workspace: Workspace, result: Baseline, runtime: str | None = None) -> None:
    """Remember what was proved in time, so that no run proves it again. A cache that cannot be written is no error."""
    if not result.in_time:
        return
    file = _cache_file(workspace, runtime)
    partial = file.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({"pass_to_pass": sorted(result.pass_to_pass), "foils": dict(result.foils)}))
        partial.replace(file)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def both_sides(
    engine: Engine, workspace: Workspace, repeats: int, *, run: str = "", runtime: str | None = None
) -> tuple[list[Grading], list[Grading]]:
    """Gradings of the base and of the reference fix, all foils of the latter drawn. Raises the sandbox's errors."""

    def one(changes: Changes, foils: Foils | Literal["all"]) -> Grading:
        with DockerSandbox(engine, workspace.image, LIMITS, kind="grading", run=run, runtime=runtime) as sandbox:
            return grade(sandbox, workspace, changes, foils)

    def reference() -> Grading:
        """Without copies where a foil takes the whole run along, as one does that lets KeyboardInterrupt escape."""
        for _ in range(TRIES):
            grading = one(workspace.reference, "all")
            if grading.honesty == "honest":
                return grading
        return replace(one(workspace.reference, {}), timed_out=grading.timed_out)

    before = [one({}, {}) for _ in range(repeats)]
    return before, [reference() for _ in range(repeats)]


def judge(workspace: Workspace, before: Sequence[Grading], after: Sequence[Grading]) -> Baseline:
    """Check what a scenario promises against gradings of its base and of its reference. Raises ScenarioInvalid."""
    scenario, name = workspace.found.scenario, workspace.found.id
    for which, gradings in (("base", before), ("reference", after)):
        for grading in gradings:
            unbuilt = which == "base" and is_unbuilt(grading, workspace.found.framework.built_together)
            if grading.honesty != "honest" and not unbuilt:
                problem = f"the test run on the {which} is not to be trusted ({grading.why}): "
                raise ScenarioInvalid(name, f"{which}-run-broken", problem + shorten(grading.output[-1500:], 1500))
    _check_stable(name, "base", before, scenario.tests.unstable)
    _check_stable(name, "reference", after, scenario.tests.unstable)
    wanted = scenario.tests.fail_to_pass
    absent = [node for node, outcome in after[0].expected(wanted).items() if outcome == "missing"]
    if absent:
        raise ScenarioInvalid(name, "fail-to-pass-unknown", f"no such test: {', '.join(absent)}")
    passing = [node for node, outcome in before[0].expected(wanted).items() if outcome == "passed"]
    if passing:
        raise ScenarioInvalid(name, "base-passes", f"passes already without a fix: {', '.join(passing)}")
    failing = [node for node, outcome in after[0].expected(wanted).items() if outcome != "passed"]
    if scenario.impossible is not None:
        if not failing:
            problem = "every fail_to_pass test passes with the reference fix; remove [impossible]"
            raise ScenarioInvalid(name, "is-possible", problem)
        return Baseline(_pass_to_pass(workspace, before[0], after[0]), {})
    if failing:
        raise ScenarioInvalid(name, "reference-fails", f"fails with the reference fix: {', '.join(failing)}")
    in_time = not any(grading.timed_out for grading in after)
    return Baseline(_pass_to_pass(workspace, before[0], after[0]), _proved(after), in_time)


def is_unbuilt(grading: Grading, built_together: bool) -> bool:
    """Whether a base lacks its control tests because tests that need a new name were not compiled there."""
    return built_together and grading.honesty == "missing" and bool(grading.outcomes)


def _pass_to_pass(workspace: Workspace, before: Grading, after: Grading) -> frozenset[str]:
    scenario = workspace.found.scenario
    both = {
        node
        for node, outcome in before.outcomes.items()
        if outcome == "passed" and after.outcomes.get(node) == "passed"
    } - {*scenario.tests.fail_to_pass, *scenario.tests.unstable}
    if scenario.tests.pass_to_pass == "rest":
        return frozenset(both)
    named = frozenset(scenario.tests.pass_to_pass)
    if broken := sorted(named - both):
        problem = f"does not pass both before and after: {', '.join(broken)}"
        raise ScenarioInvalid(workspace.found.id, "pass-to-pass-broken", problem)
    return named


def _proved(after: Sequence[Grading]) -> Foils:
    """What came out as it must in every repeat."""
    first, *others = [grading.controls.proved(grading.reported) for grading in after]
    return {
        function: [foil for foil in foils if all(foil in other[function] for other in others)]
        for function, foils in first.items()
        if all(function in other for other in others)
    }


def unstable(gradings: Sequence[Grading]) -> frozenset[str]:
    """The tests that do not come out the same in all of these."""
    every = {node for grading in gradings for node in grading.outcomes}
    return frozenset(node for node in every if len({grading.outcomes.get(node) for grading in gradings}) > 1)


def _check_stable(name: str, which: str, gradings: Sequence[Grading], known: Collection[str]) -> None:
    differing = sorted(unstable(gradings) - set(known))
    if differing:
        problem = f"differs between repeats on the {which}: {', '.join(differing[:5])}"
        raise ScenarioInvalid(name, "flaky", problem)


def _cache_file(workspace: Workspace, runtime: str | None) -> Path:
    key = hashlib.sha256(json.dumps([VERSION, workspace.found.digest, workspace.image, runtime]).encode()).hexdigest()
    return cache_folder() / "baselines" / f"{key[:32]}.json"
