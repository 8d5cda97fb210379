"""The lock of a study: what is held constant, hashed field by field, and the study itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from runner import __version__
from runner.approvers.policy import Policy
from runner.approvers.reviewer import PROMPT
from runner.arms import ORIGINAL, Arm
from runner.canonical import digest
from runner.challenges import challenges
from runner.frameworks import FRAMEWORKS
from runner.grading.grade import LIMITS
from runner.models.provider.endpoints import endpoint_of
from runner.prompts import templates
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.repo import RepoTests
from runner.studies.study import Study
from runner.tools import toolbox
from runner.tools.base import spec
from runner.trials.telling import told
from runner.twins.serving import Twins
from sandboxes.base import SandboxLimits


def lock_of(
    study: Study,
    policy: Policy,
    scenarios: Mapping[str, ScenarioFolder],
    engine: str,
    forks: Mapping[str, str] | None = None,
    twins: Twins | None = None,
) -> dict[str, Any]:
    """The lock as JSON, from which alone a run can go on; `forks` holds the digests of what its forks go on from,
    `twins` what stands for the scenarios in the arms that have twins.

    Raises UserError for a framing that a scenario lacks.
    """
    tools = {name: spec(tool).model_dump() for name, tool in toolbox(study.early_confidence).items()}
    arms, twins = study.arms, twins or Twins()
    return {
        "schema": 1,
        "taskfit": __version__,
        "study": study.model_dump(mode="json", by_alias=True, exclude={"notify"}),
        "folders": {name: str(found.folder) for name, found in scenarios.items()},
        "built_in": sorted(name for name, found in scenarios.items() if found.is_built_in),
        "hashes": {
            "prompts": {name: digest(text) for name, text in templates().items()},
            "told": {
                name: {
                    arm: digest(_told(subject, study, arm, policy))
                    for arm in arms
                    if (subject := twins.of(found, arms[arm])) is not None
                }
                for name, found in scenarios.items()
            },
            "challenges": {name: digest(text) for name, text in challenges().items()},
            "reviewer": digest([PROMPT.read_text(encoding="utf-8"), study.reviewer.model_dump(mode="json")]),
            "tools": digest(tools),
            "models": {name: digest(_endpoint(study, name)) for name in study.models},
            "policy": digest(policy.model_dump(mode="json")),
            "arms": {name: digest(_setting(arm)) for name, arm in arms.items()},
            "approver": digest([study.approver, study.approval_seconds, *_patience(study)]),
            "seed": digest(study.seed if any(arm.faults != "none" for arm in arms.values()) else None),
            "limits": {
                name: digest(found.scenario.limits.model_dump(mode="json")) for name, found in scenarios.items()
            },
            "sandbox": digest([asdict(SandboxLimits()), study.runtime]),
            "grading": digest([asdict(LIMITS), _commands()]),
            "scenarios": {name: found.digest for name, found in scenarios.items()},
            **({"forks": dict(forks)} if forks else {}),
            **({"twins": twins.digests} if twins.found else {}),
        },
        "engine": engine,
        **({"twins": {"folders": twins.folders, "refused": dict(twins.refused)}} if twins.found else {}),
    }


def _setting(arm: Arm) -> dict[str, Any]:
    """An arm as it is hashed: the original is no setting, so that runs from before there were twins go on."""
    without = {"perturbation"} if arm.perturbation == ORIGINAL else None
    return arm.model_dump(mode="json", exclude=without)


def _told(found: ScenarioFolder, study: Study, arm: str, policy: Policy) -> list[Any]:
    messages = told(found, study.arms[arm], policy, study.early_confidence)
    return [message.model_dump(mode="json") for message in messages]


def _patience(study: Study) -> list[Any]:
    """What becomes of a request that nobody answers, where people are asked."""
    return [study.queue.seconds, study.queue.otherwise] if study.asks_people else []


def _endpoint(study: Study, name: str) -> Any:
    """How a provider's model is asked; None for a model that needs no provider."""
    endpoint = endpoint_of(name, study.endpoints)
    return endpoint.model_dump(mode="json", exclude={"cut_off"}) if endpoint is not None else None


def differing(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """The dotted names of the fields in which two locks' hashes differ."""
    names: list[str] = []
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            names += differing(before, after, f"{prefix}{key}.")
        elif before != after:
            names.append(prefix + key)
    return names


def _commands() -> dict[str, list[str]]:
    """How each framework's tests are run for a grading."""
    return {name: each.graded(RepoTests(), [], "report.xml", 1.0) for name, each in FRAMEWORKS.items()}
