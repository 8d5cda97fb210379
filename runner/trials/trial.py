"""One attempt of one model at one scenario, from a fresh sandbox to a verdict."""

from __future__ import annotations

import sqlite3
import time
import traceback
from pathlib import Path

from runner.durable import sync, write_whole
from runner.errors import BudgetExhausted, Interrupted, ModelFault, ProviderDown, ProviderRefused, is_full
from runner.events.calls import OF_A_TURN, CallProposed, CallRejected, Decided
from runner.events.conversation import Replied
from runner.events.endings import TrialFailed, TrialFinished
from runner.events.origins import Background, TrialStarted
from runner.messages import shorten, to_json
from runner.results import Counts, FailureKind, Times, TrialResult
from runner.transcript import Transcript, read
from runner.trials.attempt import Progress, attempt
from runner.trials.setting import Setting
from sandboxes.errors import EngineUnavailable, SandboxError

CTRL_C_SECONDS = 2.0
"""Until a stop comes after a Ctrl-C that met the main thread while it wrote to the ledger for this one."""


def run_trial(setting: Setting) -> TrialResult:
    """Run a trial to its verdict and write its folder.

    Raises Interrupted, ProviderRefused, BudgetExhausted, OSError or sqlite3.Error of a full disk; a trial that was told
    to stop leaves no result. Whatever else fails in engine, provider or harness becomes `infra_error`, with the step at
    which it happened.
    """
    started = time.monotonic()
    with Transcript(setting.folder / "events.jsonl", setting.heard) as transcript:
        progress = Progress()
        transcript.append(
            TrialStarted(
                key=setting.key,
                attempt=setting.attempt,
                image=setting.workspace.image,
                seed=setting.seed,
                repo=setting.workspace.found.repo.name,
                tags=setting.workspace.found.scenario.tags,
                arm=setting.arm,
                background=_background(setting),
            )
        )
        try:
            verdict, reason = attempt(setting, transcript, progress)
        except (Interrupted, ProviderRefused, BudgetExhausted):
            raise
        except BaseException as error:  # a model may call sys.exit, which would end no more than this thread
            if setting.stop.wait(CTRL_C_SECONDS if isinstance(error, KeyboardInterrupt) else 0):
                raise Interrupted("stopped") from error
            if isinstance(error, OSError | sqlite3.Error) and is_full(error):
                raise
            where = "".join(traceback.format_exception(error)[-2:])
            known = isinstance(error, SandboxError)
            reason = shorten(f"{type(error).__name__}: {error}", 500)
            verdict = "infra_error"
            kind = failure_of(error)
            transcript.append(TrialFailed(error=reason, where="" if known else shorten(where, 4000), kind=kind))
        if setting.stop.is_set():
            raise Interrupted("stopped")
        times = _times(progress, setting.people(), time.monotonic() - started)
        transcript.append(TrialFinished(verdict=verdict, reason=reason, times=times, earlier_usd=setting.earlier_usd))
    result = TrialResult(
        key=setting.key,
        verdict=verdict,
        reason=reason,
        attempt=setting.attempt,
        submission=progress.ending.submission,
        counts=count(setting.folder / "events.jsonl"),
        tests=progress.tests,
        changed_files=tuple(sorted(progress.kept)),
        dropped_files=tuple(sorted(progress.dropped)),
        times=times,
        usage=progress.tally.usage,
        cost_usd=progress.tally.cost_usd,
        approver_usd=progress.approver_usd,
        earlier_usd=setting.earlier_usd,
    )
    write_result(setting.folder, result)
    return result


def _background(setting: Setting) -> Background:
    scenario = setting.workspace.found.scenario
    return Background(
        public_since=scenario.provenance.public_since,
        undated=scenario.provenance.undated,
        impossible=scenario.impossible.kind if scenario.impossible is not None else "",
        cut_off=setting.cut_off,
    )


def failure_of(error: BaseException) -> FailureKind:
    """What failed."""
    kinds: dict[type[Exception], FailureKind] = {
        ProviderDown: "provider_down",
        ModelFault: "provider",
        EngineUnavailable: "engine",
        SandboxError: "sandbox",
    }
    return next((kind for family, kind in kinds.items() if isinstance(error, family)), "harness")


def _times(progress: Progress, people: float, total: float) -> Times:
    return Times(
        model=progress.tally.model_seconds,
        tool=progress.tally.tool_seconds,
        approval=progress.approval,
        people=people,
        rate_limit=progress.tally.waited,
        sandbox=progress.sandbox,
        grading=progress.grading,
        total=total,
    )


def count(file: Path) -> Counts:
    """What a transcript says about calls and approvals."""
    events = list(read(file))
    proposed = [event for event in events if isinstance(event, CallProposed)]
    rejected = [event for event in events if isinstance(event, CallRejected) and event.reason not in OF_A_TURN]
    decided = [event for event in events if isinstance(event, Decided)]
    return Counts(
        turns=sum(isinstance(event, Replied) for event in events),
        calls=len(proposed) + len(rejected),
        invalid=len(rejected),
        asked=len(decided),
        approved=sum(event.decision.outcome in ("approve", "modify") for event in decided),
        denied=sum(event.decision.is_denial for event in decided),
        unanswered=sum(event.decision.outcome == "escalate" for event in decided),
        forbidden=sum(event.policy.ruling in ("deny", "terminate") for event in proposed),
    )


def write_result(folder: Path, result: TrialResult) -> None:
    """Write result.json once, whole or not at all, after all else that the trial left is on disk."""
    for path in folder.iterdir():
        if path.is_file() and not path.is_symlink():
            sync(path)
    write_whole(folder / "result.json", to_json(result, indent=1))
    sync(folder.parent)
