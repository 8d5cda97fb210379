"""Probes of a run's models and scenarios, one cheap call each, beside its trials: `trials/….probe_<kind>.1`.

Each has a transcript like a trial's. One that is there is not asked again, so that an interrupted round goes on.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.errors import AnswerCut, CapReached, ModelFault
from runner.events.conversation import Replied, Told
from runner.events.endings import TrialFinished
from runner.events.grading import Probed, ProbeKind
from runner.events.origins import Background, TrialStarted
from runner.messages import Message, Reply
from runner.models import model_factory
from runner.models.base import Known, Model, Opening
from runner.models.provider.cut_offs import cut_off_of
from runner.probes.answers import scores
from runner.probes.kinds import Task, question
from runner.report.load import PROBE
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.checkout import base_tree, changes, solved_tree
from runner.studies.study import Study
from runner.transcript import Transcript
from runner.trials.turns import bounded

PARTIAL = ".partial"


@dataclass
class Till:
    """US dollars for a round of probes: what a call can cost at most is set aside before it is made."""

    usd: float | None
    spent: float = 0.0

    def check(self, worst: float) -> None:
        """Raises CapReached."""
        if self.usd is not None and self.spent + worst > self.usd:
            problem = f"the next probe may cost {worst:.4f} USD, and {max(0.0, self.usd - self.spent):.4f} are left"
            raise CapReached(f"{problem}; those that were asked are kept: raise --budget, and try again")


def probe_key(scenario: str, model: str, kind: ProbeKind) -> TrialKey:
    return TrialKey(scenario=scenario, model=model, arm=f"{PROBE}{kind}", repeat=1)


def ask(
    run: RunFolder,
    study: Study,
    found: ScenarioFolder,
    model: str,
    kinds: Sequence[ProbeKind],
    till: Till,
) -> Iterator[tuple[TrialKey, Probed]]:
    """Ask one model about one scenario; yields each answer as it is written. Of an impossible one nothing is asked.

    Raises CapReached before a call that could pass the budget, ModelFault where a provider fails, ScenarioInvalid where
    the scenario's base cannot be had.
    """
    due = [kind for kind in kinds if not (run.trial(probe_key(found.id, model, kind)) / "events.jsonl").exists()]
    if not due or found.scenario.impossible is not None:
        return
    base = base_tree(found)
    fix = changes(base, solved_tree(found, base))
    scenario = found.scenario
    task = Task(
        title=scenario.title,
        instruction=found.instruction,
        files=frozenset(base),
        locations=scenario.truth.locations,
        patch=found.solution_patch,
        canary=scenario.provenance.canary,
    )

    def reference() -> dict[str, bytes | None]:
        if not model.startswith("personality:"):
            raise ModelFault(f"the reference fix is no model's to see; {model} asked for it")
        return {path: None if entry is None else entry.data for path, entry in fix.items()}

    def known() -> Known:
        if not model.startswith("personality:"):
            raise ModelFault(f"what is known of a task is for personalities alone; {model} asked for it")
        return Known(public=scenario.provenance.public_since is not None, possible=True)

    for kind in due:
        said = question(kind, task)
        if said is None:
            continue
        key = probe_key(found.id, model, kind)
        opening = Opening(found.id, study.seed, reference, threading.Event(), None, arm=key.arm, known=known)
        reply = _reply(model_factory(model, study.endpoints)(opening), said, till)
        probed = Probed(probe=kind, scores=scores(kind, task, reply.message.text))
        background = Background(
            public_since=scenario.provenance.public_since,
            undated=scenario.provenance.undated,
            cut_off=cut_off_of(model, study.endpoints),
        )
        started = TrialStarted(key=key, attempt=1, repo=found.repo.name, tags=scenario.tags, background=background)
        yield key, _write(run, started, said, reply, probed)


def _reply(model: Model, said: list[Message], till: Till) -> Reply:
    worst = model.worst_case_usd(said, [])
    till.check(worst)
    try:
        reply = model.reply(said, [])
    except AnswerCut:  # perhaps paid for
        till.spent += worst
        raise
    till.spent += reply.cost_usd
    return reply.model_copy(update={"message": bounded(reply.message)})


def _write(run: RunFolder, started: TrialStarted, said: list[Message], reply: Reply, probed: Probed) -> Probed:
    """The transcript, whole or not at all."""
    folder = run.trial(started.key)
    partial = folder.with_name(f"{folder.name}{PARTIAL}")
    shutil.rmtree(partial, ignore_errors=True)
    with Transcript(partial / "events.jsonl") as transcript:
        transcript.append(started)
        for message in said:
            if message.role in ("system", "user"):
                transcript.append(Told(role="system" if message.role == "system" else "user", text=message.text))
        transcript.append(Replied(turn=1, reply=reply))
        written = transcript.append(probed)
        transcript.append(TrialFinished(verdict="unresolved", reason="a probe: nothing was to be fixed"))
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return written
