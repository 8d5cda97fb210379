"""What a scenario's tests do before and after the reference fix: the ids that a fix must pass, proved by running."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.errors import ScenarioInvalid
from runner.grading import Grading, grade
from runner.messages import shorten
from runner.workspace import Workspace
from sandboxes.client import Engine

VERSION = 1
"""Part of the cache's key: raised whenever grading changes in a way that could change a baseline."""


@dataclass(frozen=True)
class Baseline:
    """The tests that must keep passing; the scenario's fail_to_pass is proved when this exists."""

    pass_to_pass: frozenset[str]


def baseline(engine: Engine, workspace: Workspace, *, run: str = "", runtime: str | None = None) -> Baseline:
    """From the cache, or by grading the base and the reference once each. Raises ScenarioInvalid."""
    file = _cache_file(workspace, runtime)
    try:
        return Baseline(frozenset(json.loads(file.read_text())["pass_to_pass"]))
    except (OSError, ValueError, KeyError):
        pass
    before = grade(engine, workspace, {}, run=run, runtime=runtime)
    after = grade(engine, workspace, workspace.reference, run=run, runtime=runtime)
    result = judge(workspace, [before], [after])
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps({"pass_to_pass": sorted(result.pass_to_pass)}))
    partial.replace(file)
    return result


def judge(workspace: Workspace, before: Sequence[Grading], after: Sequence[Grading]) -> Baseline:
    """Check what a scenario promises against gradings of its base and of its reference. Raises ScenarioInvalid."""
    scenario, name = workspace.found.scenario, workspace.found.id
    for which, gradings in (("base", before), ("reference", after)):
        for grading in gradings:
            if grading.canaries != "honest":
                problem = f"the test run on the {which} is not to be trusted (canaries {grading.canaries}): "
                raise ScenarioInvalid(name, f"{which}-run-broken", problem + shorten(grading.output[-1500:], 1500))
    _check_stable(name, "base", before)
    _check_stable(name, "reference", after)
    wanted = scenario.tests.fail_to_pass
    absent = [node for node, outcome in after[0].expected(wanted).items() if outcome == "missing"]
    if absent:
        raise ScenarioInvalid(name, "fail-to-pass-unknown", f"no such test: {', '.join(absent)}")
    passing = [node for node, outcome in before[0].expected(wanted).items() if outcome == "passed"]
    if passing:
        raise ScenarioInvalid(name, "base-passes", f"passes already without a fix: {', '.join(passing)}")
    failing = [node for node, outcome in after[0].expected(wanted).items() if outcome != "passed"]
    if failing:
        raise ScenarioInvalid(name, "reference-fails", f"fails with the reference fix: {', '.join(failing)}")
    return Baseline(_pass_to_pass(workspace, before[0], after[0]))


def _pass_to_pass(workspace: Workspace, before: Grading, after: Grading) -> frozenset[str]:
    scenario = workspace.found.scenario
    both = {
        node
        for node, outcome in before.outcomes.items()
        if outcome == "passed" and after.outcomes.get(node) == "passed"
    } - set(scenario.tests.fail_to_pass)
    if scenario.tests.pass_to_pass == "rest":
        return frozenset(both)
    named = frozenset(scenario.tests.pass_to_pass)
    if broken := sorted(named - both):
        problem = f"does not pass both before and after: {', '.join(broken)}"
        raise ScenarioInvalid(workspace.found.id, "pass-to-pass-broken", problem)
    return named


def _check_stable(name: str, which: str, gradings: Sequence[Grading]) -> None:
    for grading in gradings[1:]:
        differing = sorted(
            node
            for node in gradings[0].outcomes.keys() | grading.outcomes.keys()
            if gradings[0].outcomes.get(node) != grading.outcomes.get(node)
        )
        if differing:
            problem = f"differs between repeats on the {which}: {', '.join(differing[:5])}"
            raise ScenarioInvalid(name, "flaky", problem)


def _cache_file(workspace: Workspace, runtime: str | None) -> Path:
    key = hashlib.sha256(json.dumps([VERSION, workspace.found.digest, workspace.image, runtime]).encode()).hexdigest()
    return cache_folder() / "baselines" / f"{key[:32]}.json"


def cache_folder() -> Path:
    """Where taskfit keeps what it can make again: `$XDG_CACHE_HOME/taskfit`, else `~/.cache/taskfit`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "taskfit")
