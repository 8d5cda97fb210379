"""What happens in a trial: the agent works in a sandbox, its changes are graded in another."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.arms import of_twin
from runner.challenges import challenge
from runner.errors import ModelFault
from runner.events.conversation import Challenged
from runner.events.grading import ChangeDropped
from runner.events.origins import Branched, StartedFrom
from runner.faults import faulty
from runner.grading.acceptance import acceptable
from runner.grading.grade import LIMITS, counts, grade
from runner.messages import Message, UserMessage
from runner.models.base import Known, Opening, take_up
from runner.results import TestCounts, Verdict
from runner.scenarios.checkout import changes
from runner.tools import toolbox
from runner.tools.base import Workbench, spec
from runner.transcript import Transcript
from runner.trials.agent import Agent, Ending, Tally
from runner.trials.gate import Gate
from runner.trials.record import record, write_patch
from runner.trials.setting import Setting
from runner.trials.snapshot import lay_out, save
from runner.trials.telling import limits_of, told
from runner.trials.verdict import verdict_of
from sandboxes.ahead import Ahead
from sandboxes.archive import Entry, Tree
from sandboxes.base import Sandbox, SandboxLimits
from sandboxes.errors import ArchiveRefused
from sandboxes.site import Place


@dataclass
class Progress:
    """Where the time went, and what came out, as far as the trial got."""

    tally: Tally = field(default_factory=Tally)
    ending: Ending = field(default_factory=Ending)
    approval: float = 0.0
    approver_usd: float = 0.0
    sandbox: float = 0.0
    grading: float = 0.0
    tests: TestCounts = field(default_factory=TestCounts)
    kept: Mapping[str, Entry | None] = field(default_factory=dict)
    dropped: Mapping[str, str] = field(default_factory=dict)


def attempt(setting: Setting, transcript: Transcript, progress: Progress) -> tuple[Verdict, str]:
    """The verdict and the sentence behind it. Raises whatever fails."""
    started = time.monotonic()
    with setting.site.place(setting.workspace.image) as place:
        progress.sandbox += time.monotonic() - started
        return _attempt(setting, place, transcript, progress)


def _attempt(setting: Setting, place: Place, transcript: Transcript, progress: Progress) -> tuple[Verdict, str]:
    """The same, on one machine."""
    with Ahead(lambda: _sandbox(setting, place, "grading", LIMITS)) as graders:
        after = _work(setting, place, transcript, progress)
        if isinstance(after, str):
            return "unresolved", after
        workspace = setting.workspace
        changed = changes(workspace.pristine, after)
        harness = workspace.found.framework.harness_files
        progress.kept, progress.dropped = acceptable(
            changed, workspace.found.scenario.scope, workspace.reference, workspace.pristine, harness
        )
        for path, why in progress.dropped.items():
            transcript.append(ChangeDropped(path=path, reason=why))
        save(setting.folder, changed)
        write_patch(setting, progress.kept, transcript)
        setting.phase("queued")
        with place.grading:
            setting.phase("grading")
            started = time.monotonic()
            grading = grade(graders.take(), workspace, progress.kept, setting.known.foils)
            if grading.honesty == "lying":  # said of nobody on the strength of one run
                grading = grade(graders.take(), workspace, progress.kept, setting.known.foils)
            progress.grading = time.monotonic() - started
    progress.tests = counts(workspace, grading, setting.known.pass_to_pass)
    record(setting, grading, progress.tests, transcript)
    return verdict_of(progress.ending, grading, progress.tests)


def _work(setting: Setting, place: Place, transcript: Transcript, progress: Progress) -> Tree | str:
    """Let the agent work to its end; returns what the workspace then holds, or why it cannot be taken out."""
    tools = toolbox(setting.early_confidence)
    model = setting.model(_opening(setting))
    earlier: list[Message] = []
    limits = limits_of(setting.limits, setting.arm, revision=setting.trunk is not None)
    others = 0
    if setting.fork is not None:
        earlier = setting.fork.conversation(setting.key.model)
        others = 0 if setting.fork.is_of(setting.key.model) else len(earlier)
    if setting.trunk is not None:
        earlier = setting.trunk.conversation
    elif setting.fork is not None:
        limits = setting.fork.limits(limits)
    if len(earlier) > others:
        take_up(model, earlier, [spec(tool) for tool in tools.values()], others)
    started = time.monotonic()
    setting.phase("starting")
    with _sandbox(setting, place, "sandbox", SandboxLimits()) as sandbox:
        _lay_out(setting, sandbox, transcript)
        progress.sandbox += time.monotonic() - started
        setting.phase("working")
        tools, approver = faulty(setting.fault, tools, setting.approver, transcript.append)
        rules = setting.workspace.found.scenario.approval
        gate = Gate(setting.policy, approver, transcript, setting.arm.mode, rules)
        if setting.fork is not None:
            gate.recall(setting.fork.kept.decided)
        agent = Agent(
            model=model,
            tools=tools,
            gate=gate,
            bench=Workbench.of(setting.workspace.found, sandbox, limits),
            transcript=transcript,
            limits=limits,
            reserve=setting.reserve,
            stop=setting.stop,
            tally=progress.tally,
        )
        try:
            progress.ending = agent.run(_said(setting, transcript), earlier)
        finally:
            progress.approval, progress.approver_usd = gate.waited, gate.paid_usd
        started = time.monotonic()
        try:
            return sandbox.export()
        except ArchiveRefused as error:
            return f"the workspace cannot be taken out: {error}"
        finally:
            progress.sandbox += time.monotonic() - started


def _lay_out(setting: Setting, sandbox: Sandbox, transcript: Transcript) -> None:
    """What another trial left, where this one goes on from it."""
    trunk, fork, left = setting.trunk, setting.fork, setting.left
    start = trunk or fork or left
    found = start.changes if start is not None else {}
    if trunk is not None:
        submission = trunk.result.submission
        assert submission is not None
        transcript.append(
            Branched(
                trunk=trunk.result.key,
                trunk_step=trunk.step,
                resolved=trunk.result.resolved,
                submission=submission,
            )
        )
    elif fork is not None:
        transcript.append(fork.event)
    elif left is not None:
        transcript.append(StartedFrom(trial=left.trial))
    lay_out(sandbox, found, setting.workspace.pristine)


def _said(setting: Setting, transcript: Transcript) -> list[Message]:
    """What the model is told first: its task, or what is said to its submission."""
    if setting.trunk is not None:
        kind = setting.arm.feedback
        text = challenge(kind, setting.trunk.evidence)
        transcript.append(Challenged(challenge=kind, text=text))
        return [UserMessage(text=text)]
    if setting.fork is not None:
        return []
    return told(setting.workspace.found, setting.arm, setting.policy, setting.early_confidence)


def _sandbox(setting: Setting, place: Place, kind: str, limits: SandboxLimits) -> Sandbox:
    return place.open(limits, kind, run=setting.run, trial=setting.key.name, runtime=setting.runtime)


def _opening(setting: Setting) -> Opening:
    def reference() -> dict[str, bytes | None]:
        if not knows_reference(setting.key.model):
            raise ModelFault(f"the reference fix is for oracle alone; {setting.key.model} asked for it")
        return {path: None if entry is None else entry.data for path, entry in setting.workspace.reference.items()}

    def known() -> Known:
        if not knows_reference(setting.key.model):
            raise ModelFault(f"what is known of a task is for personalities alone; {setting.key.model} asked for it")
        scenario = setting.workspace.found.scenario
        possible = scenario.impossible is None
        as_published = not (of_twin(setting.key.arm) and possible)
        return Known(public=scenario.provenance.public_since is not None and as_published, possible=possible)

    key = setting.key
    return Opening(key.scenario, setting.seed, reference, setting.stop, setting.folder, arm=key.arm, known=known)


def knows_reference(model: str) -> bool:
    """The models that prove the harness itself: they stand for no model that anybody could use."""
    return model == "oracle" or model.startswith("personality:")
