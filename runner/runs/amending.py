"""What a waiting request's call would be with other arguments, as far as that can be told from outside its trial.

The tool's own schema says whether they fit, the scenario's scope what the call would do, the run's policy what it says
to that. Links in the trial's workspace are not followed here: its gate does so, rules again, and asks again where the
call would do more than was shown (`runner.trials.gate`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from runner.approvals import Action, Decision, Verdict
from runner.approvers.policy import Policy, load_policy
from runner.approvers.questions import Question
from runner.arms import ORIGINAL, Arm
from runner.canonical import digest
from runner.errors import UserError
from runner.results import TrialKey
from runner.runs.folder import Lock, RunFolder
from runner.scenarios.catalog import ScenarioFolder, load_scenario, validated
from runner.studies.study import Study
from runner.tools import toolbox
from runner.tools.base import AnyTool
from runner.trials.gate import forbidden
from runner.trials.turns import first


@dataclass(frozen=True)
class Amended:
    """A call that nobody has made, in place of the one that was asked about."""

    action: Action
    verdict: Verdict
    forbidden: str
    """Why nobody can approve it; empty where somebody can."""

    @property
    def decision(self) -> Decision:
        """Yes to exactly this call, from somebody who was shown it."""
        return Decision(
            outcome="modify",
            approver="human",
            arguments=self.action.arguments,
            digest=self.action.digest,
            effects=tuple(sorted(self.action.effects)),
        )


def tool_of(question: Question) -> AnyTool:
    """The tool that a request's call is of. Raises UserError where there is none of that name."""
    name = question.request.action.tool
    tool = toolbox(early_confidence=True).get(name)
    if tool is None:
        raise UserError(f"there is no tool {name!r:.80}, so its arguments cannot be changed")
    return tool


def amended(run: RunFolder, question: Question, arguments: object) -> Amended:
    """Raises UserError for arguments that do not fit, and where nobody can tell what the run would say to them."""
    tool = tool_of(question)
    try:
        typed = tool.arguments.model_validate(arguments)
    except ValidationError as error:
        known = ", ".join(tool.arguments.model_fields) or "none"
        raise UserError(f"{tool.name}: {first(error)}. Its arguments are: {known}.") from None
    lock = run.whole_lock()
    study = validated(run.lock_file, lock.study, Study)
    arm = _arm(study, question.trial)
    reach = tool.reach(typed, _scenario(lock, question.trial, arm).scenario.scope)
    action = Action(
        tool=tool.name,
        arguments=typed.model_dump(mode="json"),
        effects=reach.effects,
        targets=reach.targets,
        preview=reach.preview,
    )
    policy = _policy(lock, study)
    return Amended(action, policy.judge(action), forbidden(policy, arm.mode, action))


def _arm(study: Study, key: TrialKey) -> Arm:
    try:
        return study.arms[key.arm]
    except KeyError:
        raise UserError(f"the run has no arm {key.arm!r:.80}") from None


def _policy(lock: Lock, study: Study) -> Policy:
    policy = load_policy(Path(study.policy) if study.policy else None)
    if digest(policy.model_dump(mode="json")) != lock.hashes.get("policy"):
        raise UserError(_changed(f"the policy {study.policy or 'that is built in'}"))
    return policy


def _scenario(lock: Lock, key: TrialKey, arm: Arm) -> ScenarioFolder:
    """What the trial runs on: its scenario, or the twin that stands for it in the arm."""
    if arm.perturbation == ORIGINAL:
        folder, hashes = lock.folders.get(key.scenario), lock.hashes.get("scenarios")
    else:
        folder = lock.twins.folders.get(arm.perturbation, {}).get(key.scenario)
        hashes = lock.hashes.get("twins", {}).get(arm.perturbation)
    if folder is None or not isinstance(hashes, dict):
        raise UserError(f"the run does not say where scenario {key.scenario} is")
    found = load_scenario(folder)
    if found.digest != hashes.get(key.scenario):
        raise UserError(_changed(f"scenario {key.scenario}"))
    return found


def _changed(what: str) -> str:
    return f"{what} has changed since the run began, so nobody can tell what it would say; restore it to change a call"
