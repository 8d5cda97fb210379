"""A run's patches as predictions that the SWE-bench harness grades: `{instance_id, model_name_or_path, model_patch}`.

Only of scenarios that were imported and so have an instance's id; only of the control arm, where nothing was added.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from runner.errors import FileProblem, ScenarioInvalid
from runner.regular import content
from runner.results import TrialKey, file_name
from runner.runs.folder import RunFolder
from runner.scenarios.catalog import ScenarioFolder, load_scenario
from runner.scenarios.checkout import base_tree
from runner.scenarios.patches import PatchRefused, patched
from sandboxes.archive import Tree

Problem = Callable[[str], None]
"""Told, in a sentence, of what is left out or doubtful."""


@dataclass(frozen=True)
class Part:
    """Predictions that belong in one file, since an instance may be in it once."""

    model: str
    repeat: int

    @property
    def file(self) -> str:
        return f"predictions.{file_name(self.model)}.{self.repeat}.jsonl"


def predictions(run: RunFolder, repeat: int | None, problem: Problem) -> dict[Part, bytes]:
    """Lines of JSON by model and repeat; every repeat where `repeat` is None. Raises FileProblem, UserError."""
    known = _Instances(run, problem)
    found: dict[Part, dict[str, bytes]] = {}
    planned = run.keys()
    for key in planned:
        if key.arm != "control" or (repeat is not None and key.repeat != repeat):
            continue
        instance = known.of(key.scenario)
        patch = _patch(run, key, problem) if instance is not None else None
        if instance is None or patch is None:
            continue
        known.check(key, patch)
        line = {"instance_id": instance, "model_name_or_path": key.model, "model_patch": patch}
        part = found.setdefault(Part(key.model, key.repeat), {})
        if instance in part:
            problem(f"{key.name} is left out: another scenario is of instance {instance}, too")
        else:
            part[instance] = json.dumps(line).encode() + b"\n"
    return {part: b"".join(lines.values()) for part, lines in found.items()}


class _Instances:
    """What the run's scenarios are called where they come from, and what their patches must apply to."""

    def __init__(self, run: RunFolder, problem: Problem) -> None:
        self._problem = problem
        self._scenarios = dict(_scenarios(run, problem))
        self._bases: dict[str, Tree | None] = {}
        without = sorted(name for name, found in self._scenarios.items() if not _instance(found))
        if without:
            count = f"{len(without)} of {len(self._scenarios)} scenarios"
            problem(f"{count} were not imported and have no instance id: {', '.join(without)}")

    def of(self, scenario: str) -> str | None:
        found = self._scenarios.get(scenario)
        return _instance(found) or None if found is not None else None

    def check(self, key: TrialKey, patch: str) -> None:
        """Say so where a patch does not apply to the scenario's base."""
        base = self._base(key.scenario)
        if base is None or not patch:
            return
        try:
            patched(base, patch)
        except PatchRefused as error:
            self._problem(f"{key.name}: its patch does not apply to the original files: {error}")

    def _base(self, scenario: str) -> Tree | None:
        if scenario not in self._bases:
            try:
                self._bases[scenario] = base_tree(self._scenarios[scenario])
            except ScenarioInvalid as error:
                self._problem(f"patches cannot be tried: {error}")
                self._bases[scenario] = None
        return self._bases[scenario]


def _scenarios(run: RunFolder, problem: Problem) -> Iterator[tuple[str, ScenarioFolder]]:
    for name, folder in run.whole_lock().folders.items():
        try:
            yield name, load_scenario(folder)
        except FileProblem as error:
            problem(f"{name} is left out: {error}")


def _instance(found: ScenarioFolder) -> str:
    provenance = found.scenario.provenance
    return provenance.instance if provenance.origin == "imported" else ""


def _patch(run: RunFolder, key: TrialKey, problem: Problem) -> str | None:
    """None, and a sentence, for a trial without a patch, or with one that JSON cannot hold."""
    file = run.trial(key) / "patch.diff"
    try:
        return content(file).decode("utf-8")
    except FileNotFoundError:
        problem(f"{key.name} is left out: it has no patch.diff")
    except OSError as error:
        problem(f"{key.name} is left out: {file} cannot be read: {error.strerror or error}")
    except UnicodeDecodeError:
        problem(f"{key.name} is left out: its patch is not UTF-8")
    return None
